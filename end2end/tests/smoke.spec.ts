import { expect, hydrated, test } from "../fixtures.ts";

/** What the browser's copy of the pages may weigh, compressed. */
const WASM_MAX_BYTES = 350_000;

test("the first page is styled, becomes live and reports no error", async ({
  page,
  problems,
  server,
}) => {
  const answer = await page.goto(server.url);
  expect(answer?.status()).toBe(200);
  await hydrated(page);
  await expect(page.locator("h1").first()).toBeVisible();
  const font = await page.evaluate(() => getComputedStyle(document.documentElement).fontFamily);
  expect(font).toContain("Inter");
  expect(problems).toEqual([]);
});

test("files of the website are compressed and kept for ever", async ({ page, server }) => {
  const fetched = new Map<string, Record<string, string>>();
  page.on("response", (response) => {
    const path = new URL(response.url()).pathname;
    if (path.startsWith("/pkg/")) fetched.set(path, response.headers());
  });
  await page.goto(server.url);
  await hydrated(page);
  for (const ending of [".css", ".js", ".wasm"]) {
    const [path, headers] = [...fetched].find(([name]) => name.endsWith(ending)) ?? [];
    expect(path, ending).toBeDefined();
    expect(headers?.["cache-control"], path).toContain("immutable");
    expect(headers?.["content-encoding"], path).toBe("br");
  }
  const [, wasm] = [...fetched].find(([name]) => name.endsWith(".wasm")) ?? [];
  expect(Number(wasm?.["content-length"]), "bytes of wasm").toBeGreaterThan(0);
  expect(Number(wasm?.["content-length"]), "bytes of wasm").toBeLessThanOrEqual(WASM_MAX_BYTES);
  const missing = await page.request.get(`${server.url}/pkg/onhand-0.js`);
  expect(missing.status()).toBe(404);
  expect(missing.headers()["content-type"]).toContain("text/plain");
});
