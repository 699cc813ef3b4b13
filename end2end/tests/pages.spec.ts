// Every page, as it must be for everybody: without errors, in dark and light, on a phone, without
// scripts, by keyboard, and safe from what others have typed.

import type { Browser, Page } from "@playwright/test";
import axe from "axe-core";
import { Server, expect, hydrated, test as base } from "../fixtures.ts";
import { Program, ago, event, overlap } from "../ledger.ts";
import { person, signIn, token } from "../people.ts";
import { isLive, level } from "../screen.ts";

/** What somebody could have typed as a name. */
const ATTACK = `<img src=x onerror="window.attacked=1">'"</script><script>window.attacked=1</script>`;
const ATTACK_SKU = `"><script>window.attacked=1</script>&amp;/../%2F?#`;

interface House {
  server: Server;
  /** The session of an admin. */
  state: Awaited<ReturnType<Awaited<ReturnType<Browser["newContext"]>>["storageState"]>>;
  /** A program of an operator. */
  program: Program;
  /** The addresses of every page. */
  paths: string[];
}

const test = base.extend<object, { house: House }>({
  house: [
    async ({ browser }, use) => {
      const server = new Server();
      try {
        await server.start();
        const program = new Program(server, await token(server, "operator"));
        await fill(program);
        const id = await overlap(program, "OVERLAP");
        const page = await browser.newPage();
        await signIn(page, server, await person(server, "admin"));
        const state = await page.context().storageState();
        await page.close();
        await use({ server, state, program, paths: paths(id) });
      } finally {
        await server.remove();
      }
    },
    { scope: "worker" },
  ],
  storageState: async ({ house }, use) => use(house.state),
});

/** Goods of every kind, with long names, and events of every outcome. */
async function fill(program: Program): Promise<void> {
  const long = "A-VERY-LONG-SKU-".repeat(7);
  await program.stocked("TSHIRT-M", 1_234_567, "T-shirt, M");
  await program.stocked(long, 3, "Word".repeat(40));
  await program.stocked(ATTACK_SKU, 5, ATTACK);
  await program.stocked("EMPTY", 2, "", "a-location-with-a-name-that-does-not-end".repeat(2));
  const lines = [{ line: "1", sku: "EMPTY", quantity: 7 }];
  await program.post([event("order.placed", { order: "o-1", lines })]);
  const unknown = { sku: ATTACK, location: "berlin", delta: 1, reason: ATTACK };
  await program.post([event("stock.adjusted", unknown)], "conflict");
  const known = { sku: ATTACK_SKU, location: "berlin", delta: -1, reason: ATTACK };
  await program.post([event("stock.adjusted", known, { time: ago(30) })]);
}

function paths(conflict: string): string[] {
  return [
    "/",
    "/stock",
    "/stock?q=shirt&low=1",
    "/stock?q=nothing-like-it",
    "/stock/TSHIRT-M",
    `/stock/${encodeURIComponent(ATTACK_SKU)}`,
    "/stock/none",
    "/events",
    "/conflicts",
    "/conflicts?show=closed",
    `/conflicts/${conflict}`,
    "/conflicts/c999",
    "/adjust",
    "/adjust?action=adjust&err_quantity=wrong&quantity=x",
    "/channels",
    "/channels/none",
    "/events/1",
    "/events/999",
    "/nothing-here",
  ];
}

/** How far the page is wider than the window, and what sticks out. */
async function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide) return [];
    const out = [...document.querySelectorAll("body *")].filter(
      (element) => element.getBoundingClientRect().right > wide + 0.5,
    );
    return out.slice(-5).map((element) => `<${element.localName} class="${element.className}">`);
  });
}

/** What a page does that WCAG 2.2 does not allow at level A or AA, as far as a program can tell. */
async function barriers(page: Page): Promise<string[]> {
  // Not by a script tag: the policy of our pages does not let it in.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await window.axe.run(document, { runOnly: tags });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}

declare global {
  interface Window {
    axe: typeof axe;
  }
}

/**
 * A page that does not exist is a 404, which the browser logs. So is what a page had not loaded yet
 * when it was left: it loads the other pages' code ahead.
 */
function unexpected(problems: string[]): string[] {
  return problems.filter((text) => !/status of 404|body loading was aborted/.test(text));
}

for (const colorScheme of ["dark", "light"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("no page reports an error, is too wide, or keeps anybody out", async ({ house, page, problems }) => {
      test.slow();
      for (const path of house.paths) {
        await test.step(path, async () => {
          await page.setViewportSize({ width: 1280, height: 800 });
          await page.goto(house.server.url + path);
          await hydrated(page);
          await expect(page.locator("h1, .empty-title").first()).toBeVisible();
          for (const width of [2560, 1280, 390, 360]) {
            await page.setViewportSize({ width, height: 800 });
            expect(await overflow(page), `${path} at ${width} px`).toEqual([]);
          }
          expect(await barriers(page), path).toEqual([]);
          expect(unexpected(problems), path).toEqual([]);
        });
      }
      expect(await page.evaluate(() => "attacked" in window)).toBe(false);
    });
  });
}

test("the theme can be chosen and stays", async ({ house, page, problems }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${house.server.url}/stock`);
  await isLive(page);
  const html = page.locator("html");
  const colour = () => html.evaluate((root) => getComputedStyle(root).backgroundColor);
  const light = await colour();
  await page.getByText("admin@example.com").first().click();
  const theme = page.locator(".menu:visible").getByRole("button", { name: /^Theme: / });
  await expect(theme).toHaveText("Theme: system");
  await theme.click();
  await expect(theme).toHaveText("Theme: light");
  await theme.click();
  await expect(theme).toHaveText("Theme: dark");
  await expect(html).toHaveAttribute("data-theme", "dark");
  const dark = await colour();
  expect(dark).not.toBe(light);

  // The server writes it into the page, so that nothing flashes.
  const page2 = await page.request.get(`${house.server.url}/stock`);
  expect(await page2.text()).toContain('data-theme="dark"');
  await page.reload();
  await isLive(page);
  expect(await colour()).toBe(dark);
  await page.getByText("admin@example.com").first().click();
  await expect(theme).toHaveText("Theme: dark");
  await theme.click();
  await expect(html).not.toHaveAttribute("data-theme", /./);
  expect(await colour()).toBe(light);
  expect(problems).toEqual([]);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("every page is complete", async ({ house, page }) => {
    for (const path of house.paths) {
      await test.step(path, async () => {
        await page.goto(house.server.url + path);
        await expect(page.locator("h1, .empty-title").first()).toBeVisible();
        await expect(page.locator(".skeleton"), `${path} still loads`).toHaveCount(0);
        await expect(page.locator(".needs-script:visible"), path).toHaveCount(0);
        await expect(page.locator("[data-connection]").first()).toHaveText("As loaded");
        for (const form of await page.locator("form").all()) {
          expect(await form.getAttribute("action"), `${path}: a form`).toMatch(/^\//);
        }
      });
    }
  });

  test("the stock is searched and filtered by its address", async ({ house, page }) => {
    await page.goto(`${house.server.url}/stock`);
    await expect(level(page, "OVERLAP", "On hand")).toHaveText("7");
    await page.getByPlaceholder("Search SKUs and names").fill("shirt");
    await page.getByRole("button", { name: "Search" }).click();
    await expect(page).toHaveURL(/q=shirt/);
    await expect(level(page, "TSHIRT-M", "On hand")).toBeVisible();
    await expect(level(page, "OVERLAP", "On hand")).toHaveCount(0);
  });
});

test("the keyboard reaches everything and shows where it is", async ({ house, page }) => {
  await page.goto(`${house.server.url}/stock`);
  await isLive(page);
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.locator("#main")).toBeFocused();

  await page.keyboard.press("/");
  await expect(page.getByPlaceholder("Search SKUs and names")).toBeFocused();
  await page.keyboard.type("TSHIRT");
  await expect(page).toHaveURL(/q=TSHIRT/);
  await expect(level(page, "TSHIRT-M", "On hand")).toBeVisible();
  await expect(page.getByPlaceholder("Search SKUs and names"), "typing goes on").toBeFocused();

  for (const path of ["/stock", "/adjust", house.paths[10]]) {
    await page.goto(house.server.url + path);
    await hydrated(page);
    await page.locator("body").click({ position: { x: 1, y: 1 } });
    for (let stop = 0; stop < 25; stop += 1) {
      await page.keyboard.press("Tab");
      const seen = await page.evaluate(focusIsSeen);
      expect(seen, `${path}, stop ${stop + 1}`).toBe("");
    }
  }
});

/** Runs in the page: empty if the focused element shows its focus, else what it is. */
function focusIsSeen(): string {
  const element = document.activeElement;
  if (!element || element === document.body) return "";
  // An invisible radio shows its focus on its label.
  for (let shown: Element | null = element; shown && shown !== document.body; shown = shown.parentElement) {
    const style = getComputedStyle(shown);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const ringed = style.boxShadow !== "none";
    const box = shown.getBoundingClientRect();
    if ((outlined || ringed) && box.width > 1 && box.height > 1) return "";
    if (!["INPUT", "LABEL"].includes(shown.tagName)) break;
  }
  return element.outerHTML.slice(0, 200);
}

test("what others have typed is only ever text", async ({ house, page, problems }) => {
  await page.goto(`${house.server.url}/stock`);
  await isLive(page);
  await expect(page.getByRole("link", { name: ATTACK_SKU, exact: true })).toBeVisible();
  await expect(page.getByText(ATTACK, { exact: true })).toBeVisible();
  await page.getByRole("link", { name: ATTACK_SKU, exact: true }).click();
  await expect(page.locator("h1")).toContainText(ATTACK_SKU);
  await expect(page.getByRole("region", { name: "What changed it lately" })).toContainText(ATTACK);

  // Also when it arrives live.
  const moved = { sku: ATTACK_SKU, location: "berlin", delta: 40, reason: `live ${ATTACK}` };
  await house.program.post([event("stock.adjusted", moved)]);
  await expect(page.getByText(`live ${ATTACK}`)).toBeVisible();
  await page.goto(`${house.server.url}/conflicts`);
  await expect(page.getByText(ATTACK).first()).toBeVisible();
  expect(await page.evaluate(() => "attacked" in window)).toBe(false);
  expect(problems).toEqual([]);
});
