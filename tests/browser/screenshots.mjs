// Pictures of every page: `screenshots.mjs FOLDER [--docs]`. With `--docs` only the few of the
// README, compressed. SCREENSHOT_TRAFFIC_S says how long there is traffic before, in seconds.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { openPages, signedPages } from "./pages.mjs";
import { until } from "./registry.mjs";
import { Site } from "./site.mjs";

const DRESSES = [
  { name: "light-390", width: 390 },
  { name: "dark-390", width: 390, dark: true },
  { name: "light-1280", width: 1280 },
  { name: "dark-1280", width: 1280, dark: true },
  { name: "light-2560", width: 2560 },
];

/** The pictures of the README: path, dress, name. */
const DOCS = [
  ["/", "light-1280", "overview"],
  ["/components/http-auth?span=15m", "dark-1280", "component"],
  ["/mismatches", "light-1280", "mismatches"],
  ["/components/http-auth?span=15m", "light-390", "component-narrow"],
  ["/reports/now?scope=all&period=1h", "light-1280", "report"],
];

/** Letters, digits and hyphens of a page's name; of a kind of which there are many, the kind. */
const fileName = (name) =>
  name.replace(/^\/(mismatches|reports)\/.*[0-9a-z]{16}.*/, "one-of-$1").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "overview";

/** Something has happened: shares raised, one rolled back, one held, differences seen. */
async function live(site, seconds) {
  const { service } = site;
  const half = () => new Promise((done) => setTimeout(done, (seconds / 2) * 1000));
  await half();
  await service.move("http-auth", { stage: "canary", share: 500, note: "the first twentieth" });
  await service.move("http-auth-back", { stage: "canary", share: 2500, note: "a quarter" });
  await service.move("http-auth-stale", { stage: "canary", share: 100, note: "begin small" });
  await half();
  await service.control("POST", "/v1/flags/http-auth-back/rollback", { body: { note: "callers complain" } });
  await service.control("POST", "/v1/flags/http-auth-plain/hold", { body: { note: "not while we are away" } });
  await until("a difference", async () => {
    const { text } = await service.control("GET", "/v1/mismatches");
    return JSON.parse(text).mismatches.length > 0;
  });
}

/** What is drawn behind the first answer comes by itself. */
async function drawn(person) {
  const isComponent = await person.page.evaluate(() => document.getElementById("charts-drawn") !== null);
  if (isComponent) await person.page.locator("#charts .chart").first().waitFor();
}

async function everything(site, folder) {
  const [signed, open] = [await signedPages(site), openPages(site)];
  for (const dress of DRESSES) {
    for (const [person, pages] of [[await site.proven("ada", dress), signed], [await site.somebody(dress), open]]) {
      for (const page of pages) {
        await page.open(person);
        await drawn(person);
        const path = join(folder, `${fileName(page.name)}-${dress.name}.png`);
        await person.page.screenshot({ path, fullPage: true });
      }
    }
    await site.tidy();
  }
}

/** What stands in the window, as WebP: small, and its letters stay sharp. */
async function compressed(person, file) {
  const session = await person.context.newCDPSession(person.page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 70 });
  writeFileSync(file, Buffer.from(data, "base64"));
}

async function docs(site, folder) {
  for (const [path, name, title] of DOCS) {
    const signed = await site.person("ada", DRESSES.find((dress) => dress.name === name));
    await signed.go(path);
    await drawn(signed);
    await compressed(signed, join(folder, `${title}.webp`));
    await site.tidy();
  }
}

const [folder = "target/screenshots", option] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const site = await Site.open();
try {
  await live(site, Number(process.env.SCREENSHOT_TRAFFIC_S ?? 20));
  await (option === "--docs" ? docs(site, folder) : everything(site, folder));
  console.log(`pictures are in ${folder}`);
} finally {
  await site.close();
}
