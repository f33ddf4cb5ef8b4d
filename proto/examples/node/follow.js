#!/usr/bin/env node
// Follows the feed of pulih and prints what happens, one JSON object a line; letters with their text.
//
//   node follow.js [--door tcp://127.0.0.1:7410] [--client NAME] [--positions FILE] [--from-now] [--count N]
//
// The positions reached are kept in FILE, so the next call goes on where this one ended. Here an item is handled
// when it is printed; a real subscriber stores the position in the same transaction as what it does about the
// item. With --count it ends after N items (and their letters), else with Ctrl-C.
"use strict";

const fs = require("fs");
const { Lost, Refused, hex, keepOpen, options, readable, run } = require("./door.js");

const CREDIT = 200; // items that may be under way

// Number of the letter that an item announces, or undefined.
function letterOf(item) {
  if (item.type === "letter_written") return item.body.number;
  return item.type === "letter_delivered" ? undefined : item.body.letter;
}

class Follower {
  constructor(args) {
    this.client = args.client;
    this.path = args.positions;
    this.fromNow = args["from-now"];
    this.left = args.count === "" ? Infinity : Number(args.count);
    this.positions = new Map(); // stream -> number of the last item handled
    this.letters = []; // {complaint, number} of letters to fetch, one after the other
    if (fs.existsSync(this.path)) {
      const kept = JSON.parse(fs.readFileSync(this.path, "utf8"));
      this.positions = new Map(Object.entries(kept.positions).map(([stream, seq]) => [Number(stream), seq]));
      this.letters = kept.letters.map(([c, number]) => ({ complaint: Buffer.from(c, "hex"), number }));
    }
  }

  save() {
    const kept = {
      positions: Object.fromEntries(this.positions),
      letters: this.letters.map((l) => [hex(l.complaint), l.number]),
    };
    const file = fs.openSync(this.path + ".new", "w");
    fs.writeSync(file, JSON.stringify(kept));
    fs.fsyncSync(file);
    fs.closeSync(file);
    fs.renameSync(this.path + ".new", this.path);
  }

  subscribe() {
    const positions = [...this.positions].map(([stream, seq]) => ({ stream, seq }));
    return { protocol: 1, client: this.client, credit: CREDIT, from_now: this.fromNow, positions };
  }

  async work(session) {
    let taken = 0, granted = CREDIT;
    this.askLetter(session);
    while (this.left > 0 || this.letters.length > 0) {
      const [name, body] = await session.hear();
      if (name === "events" && this.left > 0) {
        this.take(session, body);
        taken += body.items.length;
        if (granted - taken < CREDIT / 2) {
          granted = taken + CREDIT;
          session.say("credit", { limit: granted });
        }
      } else if (name === "letter" || (name === "nack" && body.refusal === "no_such_letter")) {
        console.log(JSON.stringify({ [name]: readable(body) }));
        this.letters.shift();
        this.save();
        this.askLetter(session);
      } else if (name === "nack") {
        throw new Refused(JSON.stringify(readable(body)));
      } else if (name === "too_old") {
        throw new Refused(`stream ${body.stream} is kept from ${body.oldest} on only`);
      } else if (name === "drain") {
        throw new Lost("the daemon stops");
      }
    }
  }

  askLetter(session) {
    if (this.letters.length > 0) session.say("letter_get", this.letters[0]);
  }

  take(session, events) {
    const { stream, from, to } = events;
    const wasAsking = this.letters.length > 0;
    if (!this.positions.has(stream)) this.positions.set(stream, this.fromNow ? from : 0);
    if (from !== this.positions.get(stream)) {
      throw new Lost(`stream ${stream} goes on at ${from}, not at ${this.positions.get(stream)}`);
    }
    for (const item of events.items) {
      console.log(JSON.stringify({ stream, ...readable(item) }));
      if (letterOf(item)) this.letters.push({ complaint: Buffer.from(item.complaint), number: letterOf(item) });
      this.left--;
    }
    this.positions.set(stream, to);
    this.save();
    if (!wasAsking) this.askLetter(session);
  }
}

run(async () => {
  const args = options({
    door: "tcp://127.0.0.1:7410", client: "example-node", positions: "positions.json", "from-now": false, count: "",
  });
  const follower = new Follower(args);
  await keepOpen(args.door, "subscribe", () => follower.subscribe(), (session) => follower.work(session));
  return 0;
});
