// What comes from elsewhere is shown as text and never run.

import { check, expect, test, until } from "../registry.mjs";
import { PAGES } from "../pages.mjs";
import { HOSTILE } from "../traffic.mjs";

test("hostile", "hostile subjects, notes, reasons, names and events are text on every page", async (site) => {
  const { service } = site;
  await service.move("token-operations", { limits: { mode: "observe" }, note: HOSTILE });
  const event = {
    type: "agent_thinking", event_id: "hostile-1", run_id: "r", user_id: "user-1",
    payload: { reasoning: HOSTILE, [HOSTILE]: HOSTILE },
  };
  const published = await service.ask("POST", `${service.data}/v1/events`, { body: event });
  expect(published.status, 200, `publishing: ${published.text}`);
  const scan = { tree: HOSTILE, files: 1, counts: [{ category: HOSTILE, class: "production", service: HOSTILE, canonical: false, count: 1 }], sites: [{ name: HOSTILE, category: HOSTILE }] };
  const posted = await service.control("POST", "/v1/scans", { body: scan });
  expect(posted.status, 204, `a scan: ${posted.text}`);
  const ada = await site.person("ada");
  for (const path of [...PAGES, "/reports/now?scope=all&period=1h", "/components/token-operations"]) {
    expect(await ada.go(path), 200, path);
    await ada.isCalm(path);
  }
  await ada.go("/checks");
  await ada.sees("the tree's name as text", (text) => text.includes("<script>window.__pwned=1"));
  await ada.go("/components/token-operations");
  await ada.sees("the note as text", (text) => text.includes("<script>window.__pwned=1"));
  const links = await until("groups", async () => {
    await ada.go("/mismatches");
    const found = await ada.page.locator("h2 a[href^='/mismatches/']").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    return found.length > 0 && found;
  });
  for (const link of links.slice(0, 12)) {
    expect(await ada.go(link), 200, link);
    await ada.isCalm(link);
  }
  check(links.length > 0, "there are differences to look at");
});
