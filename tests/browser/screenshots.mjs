// Pictures of every page: `screenshots.mjs FOLDER [--docs]`. With `--docs` only the few of the
// README, compressed. SCREENSHOT_TRAFFIC_S says how long there is traffic before, in seconds.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { OPEN_PAGES, PAGES } from "./pages.mjs";
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

const fileName = (path) => path.replace(/[?#].*/, "").replace(/^\//, "").replaceAll("/", "-") || "overview";

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

async function picture(person, path, file, whole) {
  await person.go(path);
  // What is drawn behind the first answer comes by itself.
  if (path.startsWith("/components/")) await person.page.locator("#charts .chart").first().waitFor();
  const kind = file.endsWith(".jpg") ? { type: "jpeg", quality: 55 } : { type: "png" };
  await person.page.screenshot({ path: file, fullPage: whole, ...kind });
}

async function everything(site, folder) {
  for (const dress of DRESSES) {
    const signed = await site.person("ada", dress);
    for (const path of PAGES) await picture(signed, path, join(folder, `${fileName(path)}-${dress.name}.png`), true);
    const somebody = await site.somebody(dress);
    for (const path of OPEN_PAGES) await picture(somebody, path, join(folder, `${fileName(path)}-${dress.name}.png`), true);
    await site.tidy();
  }
}

async function docs(site, folder) {
  for (const [path, name, title] of DOCS) {
    const signed = await site.person("ada", DRESSES.find((dress) => dress.name === name));
    await picture(signed, path, join(folder, `${title}.jpg`), false);
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
