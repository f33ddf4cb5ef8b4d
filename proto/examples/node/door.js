// One session at a door of pulih: frames, heartbeat, loss. See proto/README.md.
"use strict";

const fs = require("fs");
const { Dealer } = require("zeromq");
const { encode, decode } = require("@msgpack/msgpack");

const TYPES = {
  hello: 0x01, welcome: 0x02, credit: 0x03, event: 0x04, acks: 0x05, nack: 0x06, ping: 0x07, pong: 0x08,
  drain: 0x09, subscribe: 0x0a, events: 0x0b, heads: 0x0c, too_old: 0x0d, letter_get: 0x0e, letter: 0x0f,
};
const NAMES = new Map(Object.entries(TYPES).map(([name, number]) => [number, name]));
const PING_MS = 1000, DEAD_MS = 4000, WELCOME_MS = 5000;

// The session is over; what was not answered must be said again in a new one.
class Lost extends Error {}

// Nothing mends a refusal of the session itself.
class Refused extends Error {}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const hex = (bytes) => Buffer.from(bytes).toString("hex");

// For printing: ids as UUIDs, other binary as hex.
function readable(value) {
  if (value instanceof Uint8Array) {
    const text = hex(value);
    return value.length === 16 ? text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") : text;
  }
  if (Array.isArray(value)) return value.map(readable);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, readable(v)]));
}

// Where the environment names them: our key pair, a file made by pulihctl key new, and the door's key.
function keys() {
  if (!process.env.PULIH_SERVER_KEY) return {};
  const text = fs.readFileSync(process.env.PULIH_KEY_FILE, "utf8");
  const key = (name) => text.match(new RegExp(`^\\s*${name}\\s*=\\s*"(.*)"`, "m"))[1];
  return {
    curvePublicKey: key("public-key"),
    curveSecretKey: key("secret-key"),
    curveServerKey: process.env.PULIH_SERVER_KEY,
  };
}

// A DEALER socket of its own for each session; it never reconnects by itself.
class Session {
  constructor(address) {
    this.socket = new Dealer({
      linger: 0, reconnectInterval: -1, receiveHighWaterMark: 0, sendHighWaterMark: 0, ...keys(),
    });
    this.socket.connect(address);
    this.heardAt = this.saidAt = Date.now();
    this.inbox = [];
    this.wake = null;
    this.outgoing = Promise.resolve();
    this.listen();
  }

  async listen() {
    try {
      for await (const [frame] of this.socket) {
        const [, number, body] = decode(frame);
        this.heardAt = Date.now();
        this.inbox.push([NAMES.get(number), body]);
        if (this.wake) this.wake();
      }
    } catch (error) {
      if (!this.socket.closed) throw error;
    }
  }

  // Frames leave in the order in which they were said.
  say(name, body) {
    const frame = encode([1, TYPES[name], body], { ignoreUndefined: true });
    this.saidAt = Date.now();
    this.outgoing = this.outgoing.then(() => this.socket.send(frame)).catch(() => {});
    return this.outgoing;
  }

  // The next message as [name, body], or [] if none came. Keeps the session alive: call it often.
  async hear(waitMs = 100) {
    if (Date.now() - this.heardAt > DEAD_MS) throw new Lost("nothing heard for 4 seconds");
    if (Date.now() - this.saidAt > PING_MS) this.say("ping", {});
    if (this.inbox.length === 0) {
      let timer;
      await new Promise((done) => {
        this.wake = done;
        timer = setTimeout(done, waitMs);
      });
      clearTimeout(timer);
      this.wake = null;
    }
    const [name, body] = this.inbox.shift() || [];
    if (name === "ping") this.say("pong", {});
    if (name === "nack" && body.refusal === "no_session") throw new Lost("the daemon knows no session of ours");
    return name === undefined || name === "ping" || name === "pong" ? [] : [name, body];
  }

  async greet(name, body) {
    const until = Date.now() + WELCOME_MS;
    this.say(name, body);
    while (Date.now() < until) {
      const [answer, got] = await this.hear();
      if (answer === "welcome") return got;
      if (answer === "nack") throw new Refused(JSON.stringify(readable(got)));
    }
    throw new Lost("no welcome");
  }

  close() {
    this.socket.close();
  }
}

// Opens sessions and runs work(session) in each, until it returns; a lost session is followed by another.
async function keepOpen(address, greeting, makeBody, work) {
  let pauseMs = 50;
  for (;;) {
    const session = new Session(address);
    try {
      session.welcome = await session.greet(greeting, makeBody());
      pauseMs = 50;
      return await work(session);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      console.error(`session lost: ${error.message}`);
    } finally {
      session.close();
    }
    await pause(pauseMs * (0.5 + Math.random()));
    pauseMs = Math.min(2000, pauseMs * 2);
  }
}

// The values of options given as --name value, or --name alone for those that are true or false.
function options(defaults) {
  const given = { ...defaults };
  const args = process.argv.slice(2);
  while (args.length > 0) {
    const name = args.shift().replace(/^--/, "");
    if (!(name in defaults)) throw new Refused(`unknown option; there are --${Object.keys(defaults).join(", --")}`);
    given[name] = defaults[name] === false ? true : args.shift();
  }
  return given;
}

// Runs a program's main function and sets the exit status.
function run(main) {
  main().then(
    (status) => process.exit(status),
    (error) => {
      console.error(error instanceof Refused ? `refused: ${error.message}` : error);
      process.exit(2);
    },
  );
}

module.exports = { Lost, Refused, encode, decode, hex, keepOpen, options, readable, run };
