// What every browser test starts from.

import { type Page, test as base } from "@playwright/test";
import { Server } from "./server.ts";

export { expect } from "@playwright/test";
export { Server };

interface Fixtures {
  /** A server of the test's own, started and empty. */
  server: Server;
  /** What the browser logged as an error or threw; a test that expects none checks for []. */
  problems: string[];
}

export const test = base.extend<Fixtures>({
  server: async ({}, use, info) => {
    const server = new Server();
    try {
      await server.start();
      await use(server);
    } finally {
      if (info.status !== info.expectedStatus) {
        await info.attach("server.log", { body: server.output, contentType: "text/plain" });
      }
      await server.remove();
    }
  },
  problems: async ({ page }, use) => {
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    await use(problems);
  },
});

/** Waits until the page's script has taken over (see `starter` in server/site/src/wasm.rs). */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForSelector("html[data-hydrated=true]", { state: "attached" });
}
