import { defineConfig } from "@playwright/test";
import base from "./playwright.config.ts";

// What is measured in a real browser; no figure is demanded, only that every answer is right.
// Nothing is recorded meanwhile: a snapshot of a page takes its processor, and so its time.
export default defineConfig({
  ...base,
  testDir: "bench",
  timeout: 300_000,
  use: { ...base.use, trace: "off", screenshot: "off" },
});
