// A report is made, downloaded in every format, and verified.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { check, expect, test } from "../registry.mjs";

const FORMS = {
  html: (text) => text.startsWith("<!doctype html>") && !text.includes("<script"),
  markdown: (text) => text.startsWith("# "),
  json: (text) => JSON.parse(text).components.length > 0,
  csv: (text) => text.includes("http-auth") && text.split("\n")[0].includes(","),
  series: (text) => text.split("\n")[0].includes(","),
};

async function made(person) {
  await person.go("/reports");
  await person.page.getByLabel("About").selectOption("all");
  await person.page.getByRole("button", { name: "Make and keep" }).click();
  await person.page.waitForURL((url) => /^\/reports\/[^/]+$/.test(url.pathname));
}

for (const [name, script] of [["report", true], ["report-plain", false]]) {
  test(name, `a report is made and downloaded in every format${script ? "" : ", without a script too"}`, async (site) => {
    const ada = await site.somebody({ script });
    await ada.signIn("ada");
    await made(ada);
    await ada.isCalm("making a report");
    const folder = mkdtempSync(join(tmpdir(), "crossfade-reports-"));
    try {
      for (const [form, holds] of Object.entries(FORMS)) {
        const link = ada.page.locator(`a[href$="format=${form}"]`);
        expect(await link.count(), 1, `links to ${form}`);
        const [download] = await Promise.all([ada.page.waitForEvent("download"), link.click()]);
        const path = join(folder, download.suggestedFilename());
        await download.saveAs(path);
        check(holds(readFileSync(path, "utf8")), `the ${form} is what it should be`);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    await ada.isCalm("downloading");
  });
}
