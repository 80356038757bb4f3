// The keyboard alone.

import { check, expect, test, until } from "../registry.mjs";
import { PASSWORD } from "../service.mjs";

const TABS_MAX = 500;

test("keyboard", "one signs in, raises a share, and rolls back by the keyboard alone", async (site) => {
  const ada = await site.somebody();
  await ada.go("/sign-in");
  await ada.page.getByLabel("Name", { exact: true }).focus();
  await ada.page.keyboard.type("ada");
  await ada.page.keyboard.press("Tab");
  await ada.page.keyboard.type(PASSWORD);
  await ada.page.keyboard.press("Enter");
  await ada.page.waitForURL((url) => url.pathname === "/");
  await ada.page.locator("a[href='/components/frontend-session']").first().focus();
  await ada.page.keyboard.press("Enter");
  await ada.page.waitForURL((url) => url.pathname === "/components/frontend-session");
  await ada.go("/components/frontend-session/move?to=canary&share=2");
  await ada.page.getByLabel("Why").focus();
  await ada.page.keyboard.type("by keyboard");
  await ada.page.keyboard.press("Enter");
  await until("the canary", async () => (await site.service.flag("frontend-session")).flag.stage.share === 200);
  await ada.go("/components/frontend-session");
  const summary = ada.page.locator("summary", { hasText: "Roll back to legacy" });
  await summary.focus();
  await ada.page.keyboard.press("Enter");
  await ada.page.getByLabel("Why, if there is time").focus();
  await ada.page.keyboard.type("back by keyboard");
  await ada.page.keyboard.press("Enter");
  await until("shadow", async () => (await site.service.flag("frontend-session")).flag.stage.stage === "shadow");
  await ada.isCalm("the keyboard");
});

test("keyboard-reach", "every control of the overview and of a component is reached by Tab, with a visible focus", async (site) => {
  const ada = await site.person("ada");
  for (const path of ["/", "/components/http-auth", "/mismatches", "/reports"]) {
    expect(await ada.go(path), 200, path);
    const wanted = await ada.page.evaluate(() => {
      const shown = (element) => element.checkVisibility({ visibilityProperty: true });
      const all = document.querySelectorAll("a[href], button:not([disabled]), input:not([type=hidden]), select, summary, textarea");
      return [...all].filter((element) => shown(element) && element.tabIndex >= 0).length;
    });
    let reached = 0;
    let last = null;
    for (let at = 0; at < wanted + 20 && at < TABS_MAX; at += 1) {
      await ada.page.keyboard.press("Tab");
      const found = await ada.page.evaluate(() => {
        const focus = document.activeElement;
        if (focus === document.body) return null;
        const style = getComputedStyle(focus);
        return { seen: style.outlineStyle !== "none", what: focus.outerHTML.slice(0, 120) };
      });
      if (found === null) break;
      check(found.seen, `${path}: no visible focus on ${found.what}`);
      reached += 1;
      last = found.what;
    }
    // A group of radio buttons is one stop, whatever is chosen in it.
    check(reached >= wanted * 0.8, `${path}: ${reached} of ${wanted} controls reached, the last ${last}`);
  }
  await ada.isCalm("going through by Tab");
});
