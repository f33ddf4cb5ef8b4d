#!/usr/bin/env node
// Hands messages to pulih and prints the receipts.
//
//   node publish.js [--door tcp://127.0.0.1:7400] [--client NAME] [--outbox DIR] < messages.jsonl
//
// Each line is {"type": "complaint", "body": {"story": "...", "channel": "chat"}} or, about a complaint that is
// stored already, {"type": "note", "complaint": "its UUID", "body": {...}}. Messages rest in the outbox folder,
// written before they are sent and removed when they are receipted: whatever happens, call the program again
// (with no input) and it goes on. Refused messages are moved to DIR/refused.
// Exit status: 0 if all were receipted, 1 if some were refused.
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const { Refused, decode, encode, hex, keepOpen, options, readable, run } = require("./door.js");

// UUID version 7: milliseconds, then random bits.
function newId() {
  const id = crypto.randomBytes(16);
  id.writeUIntBE(Date.now(), 0, 6);
  id[6] = (id[6] & 0x0f) | 0x70;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}

// A folder with a file per message that has no receipt, in the order in which they were put there.
class Outbox {
  constructor(folder) {
    this.folder = folder;
    this.count = 0;
    fs.mkdirSync(path.join(folder, "refused"), { recursive: true });
  }

  put(event) {
    const time = String(Date.now()).padStart(14, "0") + String(this.count++).padStart(6, "0");
    const name = `${time}-${hex(event.id)}`;
    const file = fs.openSync(path.join(this.folder, "." + name), "w");
    fs.writeSync(file, encode(event));
    fs.fsyncSync(file);
    fs.closeSync(file);
    fs.renameSync(path.join(this.folder, "." + name), path.join(this.folder, name));
  }

  // id in hex -> {name, event}
  all() {
    const names = fs.readdirSync(this.folder).filter((name) => /^\d/.test(name)).sort();
    return new Map(names.map((name) => {
      const event = decode(fs.readFileSync(path.join(this.folder, name)));
      return [hex(event.id), { name, event }];
    }));
  }

  done(name) {
    fs.unlinkSync(path.join(this.folder, name));
  }

  refused(name) {
    fs.renameSync(path.join(this.folder, name), path.join(this.folder, "refused", name));
  }
}

function readMessages(text, outbox) {
  for (const line of text.split("\n").filter((l) => l.trim())) {
    const given = JSON.parse(line);
    const event = { id: newId(), type: given.type, occurred_at: Date.now() * 1000, body: given.body };
    if (given.complaint) event.complaint = Buffer.from(given.complaint.replaceAll("-", ""), "hex");
    outbox.put(event);
  }
}

class Publisher {
  constructor(outbox) {
    this.outbox = outbox;
    this.waiting = outbox.all(); // without a receipt
    this.refusals = 0;
  }

  // Sends all that waits, within the credit, until all is answered.
  async work(session) {
    const toSend = [...this.waiting.keys()];
    let limit = session.welcome.credit, sent = 0, notBefore = 0;
    while (this.waiting.size > 0) {
      while (toSend.length > 0 && sent < limit && Date.now() >= notBefore) {
        session.say("event", this.waiting.get(toSend.shift()).event);
        sent++;
      }
      const [name, body] = await session.hear();
      if (name === "credit") {
        limit = Math.max(limit, body.limit);
      } else if (name === "acks") {
        for (const ack of body.items) this.answered(ack);
      } else if (name === "nack" && body.retry_after_ms !== undefined && body.id && this.waiting.has(hex(body.id))) {
        notBefore = Date.now() + body.retry_after_ms;
        toSend.push(hex(body.id));
      } else if (name === "nack") {
        this.refused(body);
      } else if (name === "drain") {
        limit = sent; // no more here; lost when the daemon goes, and what waits goes elsewhere
      }
    }
  }

  answered(ack) {
    const found = this.waiting.get(hex(ack.id));
    if (!found) return;
    console.log(JSON.stringify(readable(ack)));
    this.outbox.done(found.name);
    this.waiting.delete(hex(ack.id));
  }

  refused(nack) {
    const found = nack.id && this.waiting.get(hex(nack.id));
    console.error(JSON.stringify(readable(nack)));
    if (found) {
      this.outbox.refused(found.name);
      this.waiting.delete(hex(nack.id));
      this.refusals++;
    } else if (nack.retry_after_ms === undefined) {
      throw new Refused("the daemon refuses what it cannot tell the id of");
    }
  }
}

run(async () => {
  const args = options({ door: "tcp://127.0.0.1:7400", client: "example-node", outbox: "outbox" });
  const outbox = new Outbox(args.outbox);
  if (!process.stdin.isTTY) readMessages(fs.readFileSync(0, "utf8"), outbox);
  const publisher = new Publisher(outbox);
  if (publisher.waiting.size > 0) {
    const hello = () => ({ protocol: 1, client: args.client });
    await keepOpen(args.door, "hello", hello, (session) => publisher.work(session));
  }
  return publisher.refusals > 0 ? 1 : 0;
});
