// Talks to a server's API as programs do.

import { createHmac } from "node:crypto";
import type { Server } from "./server.ts";

export interface Result {
  source: string;
  id: string;
  outcome: string;
  seq?: number;
  conflict?: string;
}

let sent = 0;

/** An event; `source`, `id` and `time` are made up where `more` does not name them. */
export function event(type: string, data: object, more: object = {}): object {
  sent += 1;
  const time = new Date().toISOString();
  return { specversion: "1.0", source: "test", id: `event-${sent}`, type, time, data, ...more };
}

/** So many seconds before now. */
export function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1_000).toISOString();
}

/** A program with a token. */
export class Program {
  constructor(
    private readonly server: Server,
    private readonly token: string,
  ) {}

  /** Calls the API; an answer that is no success is an error. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Posts events; every one must have this outcome. */
  async post(events: object[], outcome = "applied"): Promise<Result[]> {
    const { results } = await this.call<{ results: Result[] }>("POST", "/api/v1/events", events);
    const other = results.find((result) => result.outcome !== outcome);
    if (other) throw new Error(`not ${outcome}: ${JSON.stringify(other)}`);
    return results;
  }

  /** A SKU with its first stock at a place, an hour ago. */
  async stocked(sku: string, quantity: number, name = "", location = "berlin"): Promise<void> {
    const time = ago(3_600);
    await this.post([
      event("location.upserted", { location, rank: 1 }, { time }),
      event("item.upserted", name ? { sku, name } : { sku }, { time }),
      event("stock.received", { sku, location, quantity }, { time }),
    ]);
  }

  /** What is on hand of a SKU, over all places. */
  async onHand(sku: string): Promise<number> {
    const { levels } = await this.call<{ levels: { on_hand: number }[] }>(
      "GET",
      `/api/v1/stock?sku=${encodeURIComponent(sku)}`,
    );
    return levels.reduce((sum, level) => sum + level.on_hand, 0);
  }
}

/**
 * Two sources disagree: a count and a sale at nearly the same moment. 10 received, 3 sold, 8
 * counted; gives the conflict's id.
 */
export async function overlap(program: Program, sku: string): Promise<string> {
  await program.stocked(sku, 10);
  const sale = { sku, location: "berlin", delta: -3, reason: "sold" };
  const count = { sku, location: "berlin", counted: 8 };
  await program.post([event("stock.adjusted", sale, { source: "till", time: ago(62) })]);
  const counted = event("stock.counted", count, { source: "scanner", time: ago(60) });
  const [{ conflict }] = await program.post([counted], "conflict");
  if (!conflict) throw new Error("the count opened no conflict");
  return conflict;
}

/** Sends a webhook as Shopify does, signed with `secret`; gives the status of the answer. */
export async function webhook(
  server: Server,
  channel: string,
  secret: string,
  topic: string,
  body: string,
): Promise<number> {
  const answer = await fetch(`${server.url}/hooks/${channel}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-shopify-topic": topic,
      "x-shopify-shop-domain": "test.myshopify.com",
      "x-shopify-webhook-id": `delivery-${(sent += 1)}`,
      "x-shopify-event-id": `event-${sent}`,
      "x-shopify-triggered-at": new Date().toISOString(),
      "x-shopify-hmac-sha256": createHmac("sha256", secret).update(body).digest("base64"),
    },
    body,
  });
  await answer.arrayBuffer();
  return answer.status;
}
