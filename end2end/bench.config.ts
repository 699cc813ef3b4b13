import { defineConfig } from "@playwright/test";
import base from "./playwright.config.ts";

// What is measured in a real browser; no figure is demanded, only that every answer is right.
export default defineConfig({ ...base, testDir: "bench", timeout: 300_000 });
