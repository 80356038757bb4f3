// A report is made and downloaded in every format; each is read, and all tell the same.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { check, expect, test } from "../registry.mjs";
import { table } from "../tables.mjs";

/** The formats, and how their files end. */
const ENDINGS = { html: ".html", markdown: ".md", json: ".json", csv: ".csv", series: "-series.csv" };

const grouped = (count) => count.toLocaleString("en-US");

async function made(person) {
  await person.go("/reports");
  await person.page.getByLabel("About").selectOption("all");
  await person.page.getByRole("button", { name: "Make and keep" }).click();
  await person.page.waitForURL((url) => /^\/reports\/[^/]+$/.test(url.pathname));
}

/** Saves the report that is open in every format; the path of each file. */
async function saved(person, folder) {
  const files = {};
  for (const [format, ending] of Object.entries(ENDINGS)) {
    const link = person.page.locator(`a[href$="format=${format}"]`);
    expect(await link.count(), 1, `links to ${format}`);
    const [download] = await Promise.all([person.page.waitForEvent("download"), link.click()]);
    const name = download.suggestedFilename();
    check(name.endsWith(ending), `the ${format} is called ${name}`);
    files[format] = join(folder, name);
    await download.saveAs(files[format]);
  }
  return files;
}

/** The JSON is whole; what it holds is what the others are measured by. */
function json(text, id) {
  const report = JSON.parse(text);
  expect([report.schema, report.id], ["crossfade.report/1", id], "schema and id");
  check(/^[0-9a-f]{64}$/.test(report.seal.sha256), `its seal is ${JSON.stringify(report.seal)}`);
  for (const part of report.components) {
    const answers = Object.values(part.decisions).reduce((sum, count) => sum + count, 0);
    expect(part.requests, answers, `requests of ${part.component}, which are its decisions`);
    expect(part.served_by.legacy + part.served_by.ssot <= part.requests, true, `sides of ${part.component}`);
  }
  const busy = report.components.find((part) => part.component === "http-auth");
  check(busy.requests > 0 && busy.compared > 0, "http-auth was asked about and compared");
  return report;
}

/** One row a component, with the figures of the JSON. */
function components(text, report) {
  const rows = table(text);
  expect(rows.map((row) => row.component), report.components.map((part) => part.component), "rows of the table");
  for (const [place, part] of report.components.entries()) {
    const row = rows[place];
    const wanted = [report.id, part.stage, part.requests, part.matched, part.served_by.ssot, part.readiness.verdict];
    const found = [row.report, row.stage, row.requests, row.matched, row.served_by_ssot, row.verdict];
    expect(found, wanted.map(String), `the row of ${part.component}`);
    const formulas = Object.entries(row).filter(([, field]) => /^\s*[=+@-]/.test(field));
    expect(formulas, [], `fields of ${part.component} that a spreadsheet would work out`);
  }
}

/** Points in time that come to the figures of the JSON. */
function series(text, report) {
  const rows = table(text);
  check(rows.every((row) => !Number.isNaN(Date.parse(row.at))), "every point has its moment");
  for (const part of report.components) {
    const points = rows.filter((row) => row.component === part.component);
    const requests = points.reduce((sum, row) => sum + Number(row.requests), 0);
    expect(requests, part.requests, `requests of ${part.component} over time`);
  }
}

/** A text with a part for each component in which something happened. */
function markdown(text, report) {
  check(text.startsWith("# "), "it begins with its title");
  const [title] = text.split("\n");
  for (const part of report.components.filter((each) => each.requests > 0)) {
    check(new RegExp(`^##+ .*${part.component}`, "m").test(text), `a heading of ${part.component}`);
    check(text.includes(grouped(part.requests)) || text.includes(String(part.requests)), `requests of ${part.component}`);
  }
  check(text.includes(report.id), `its id is there beside ${title}`);
  check(!/(?<!\\)<(script|img)/i.test(text.replace(/`[^`]*`/g, "")), "nothing in it is markup of others");
}

/** A page that needs nothing else, and shows the figures of the JSON. */
async function html(site, path, report) {
  const text = readFileSync(path, "utf8");
  check(text.startsWith("<!doctype html>") && !text.includes("<script"), "a page without a script");
  check(!/(?:src|href)="(?!#)/.test(text), "it fetches nothing and leads nowhere else");
  check(text.includes(report.id) && text.includes(report.seal.sha256), "id and seal");
  const reader = await site.somebody({ script: true });
  await reader.page.goto(pathToFileURL(path).href);
  expect(await reader.page.locator("h1").count(), 1, "its heading");
  const rows = await reader.page.locator("table.overview tbody tr").evaluateAll((all) =>
    all.map((row) => [...row.cells].slice(0, 4).map((cell) => cell.innerText.trim())));
  for (const [place, part] of report.components.entries()) {
    const [component, stage, requests, ssot] = rows[place];
    const wanted = [part.component, part.stage, grouped(part.requests), grouped(part.served_by.ssot)];
    expect([component, stage.split(" ")[0], requests, ssot], wanted, `line ${place + 1}`);
  }
  expect(await reader.faults(), [], "what axe-core finds wrong with it");
  await reader.isCalm("reading the file");
}

for (const [name, script] of [["report", true], ["report-plain", false]]) {
  test(name, `a report is downloaded in every format, and all tell the same${script ? "" : ", without a script too"}`, async (site) => {
    const ada = await site.somebody({ script });
    await ada.signIn("ada");
    await made(ada);
    await ada.isCalm("making a report");
    const folder = mkdtempSync(join(tmpdir(), "crossfade-reports-"));
    try {
      const id = new URL(ada.page.url()).pathname.split("/").pop();
      const files = await saved(ada, folder);
      const read = (format) => readFileSync(files[format], "utf8");
      const report = json(read("json"), id);
      components(read("csv"), report);
      series(read("series"), report);
      markdown(read("markdown"), report);
      await html(site, files.html, report);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    await ada.isCalm("downloading");
  });
}
