import { expect, hydrated, test } from "../fixtures.ts";
import { person, signIn } from "../people.ts";

/** What a browser loads for its first page may weigh, compressed: script, wasm, style, font. */
const FIRST_PAGE_MAX_BYTES = 300_000;

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
  const bytes = [...fetched.values()].map((headers) => Number(headers["content-length"]));
  const sum = bytes.reduce((all, one) => all + one, 0);
  expect(bytes.every((one) => one > 0), String(bytes)).toBe(true);
  expect(sum, "bytes of the first page").toBeLessThanOrEqual(FIRST_PAGE_MAX_BYTES);
  const missing = await page.request.get(`${server.url}/pkg/onhand-0.js`);
  expect(missing.status()).toBe(404);
  expect(missing.headers()["content-type"]).toContain("text/plain");
});

test("other pages come with a second file, and can be opened again when it was lost", async ({
  page,
  server,
}) => {
  const email = await person(server, "viewer");
  await signIn(page, server, email);
  const modules: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith(".wasm")) modules.push(request.url());
  });
  await page.goto(server.url);
  await hydrated(page);
  const first = new Set(modules);
  expect(first.size, "one file for the first page").toBe(1);
  const second = (url: URL) => url.pathname.endsWith(".wasm") && !first.has(url.href);
  await page.route(second, (route) => route.abort());
  await page.getByRole("link", { name: "Conflicts" }).first().click();
  await expect(page.getByText("The server cannot be reached")).toBeVisible();
  await page.unroute(second);
  const link = page.getByRole("link", { name: "Events", exact: true }).first();
  await link.click();
  await expect(page.getByRole("heading", { name: "Events", level: 1 })).toBeVisible();
  expect(new Set(modules).size, "and another one").toBe(2);
});
