// What comes from elsewhere is shown as text and never run.

import { check, expect, test, until } from "../registry.mjs";
import { PAGES } from "../pages.mjs";
import { HOSTILE } from "../traffic.mjs";

const MARK = "<script>window.__pwned=1";

/** Puts it everywhere it can be put: tokens bring it all the while, see `traffic.mjs`. */
async function plant(service) {
  const { data } = service;
  const note = HOSTILE;
  const in90Days = new Date(Date.now() + 90 * 86_400_000).toISOString();
  const accepted = [{
    name: "hostile", class: "stricter", ssot_reason: "audience", owner: HOSTILE, reason: HOSTILE,
    expires_at: in90Days,
  }];
  await service.move("token-operations", { accepted, note });
  const held = await service.control("POST", "/v1/flags/token-operations/hold", { body: { note } });
  expect(held.status, 200, `holding: ${held.text}`);
  const payload = { reasoning: HOSTILE, [HOSTILE]: HOSTILE };
  const event = { type: "agent_thinking", run_id: "r", user_id: "user-1", agent_name: HOSTILE, payload };
  for (const [changes, statuses] of [[{}, [200]], [{ user_id: HOSTILE, event_id: HOSTILE, run_id: HOSTILE }, [200, 422]]]) {
    const published = await service.ask("POST", `${data}/v1/events`, { body: { ...event, ...changes } });
    check(statuses.includes(published.status), `publishing: ${published.status} ${published.text}`);
  }
  const headers = [["authorization", `Bearer ${HOSTILE}`], ["user-agent", HOSTILE], ["x-request-id", HOSTILE]];
  const body = { headers, method: "GET", target: `/${HOSTILE}` };
  const asked = await service.ask("POST", `${data}/v1/decide/http-auth`, { body });
  expect(asked.status, 200, `asking: ${asked.text}`);
  const token = { name: "hostile", scopes: ["read"], note: HOSTILE };
  await service.control("POST", "/v1/tokens", { body: token });
}

async function isText(person, path) {
  const status = await person.go(path);
  check([200, 400, 404, 422].includes(status), `${path}: status ${status}`);
  const made = await person.page.locator("main img[src=x], main script").count();
  expect(made, 0, `elements that a text has made at ${path}`);
  await person.isCalm(path);
}

test("hostile", "hostile subjects, claims, notes, reasons and events are text on every page", async (site) => {
  const { service } = site;
  await plant(service);
  const ada = await site.person("ada");
  const found = await until("differences of hostile tokens", async () => {
    const { text } = await service.control("GET", "/v1/mismatches");
    const all = JSON.parse(text).mismatches;
    // The hostile ones name no audience.
    return all.some((each) => !each.claim_shape.includes("aud:")) && all;
  });
  const differences = found.slice(0, 10).map((each) => `/mismatches/${each.component}/${each.fingerprint}`);
  const more = [
    "/reports/now?scope=all&period=1h", "/components/token-operations", "/history?component=token-operations",
    ...differences,
  ];
  for (const path of [...PAGES, ...more]) await isText(ada, path);
  // In addresses, too.
  const typed = encodeURIComponent(HOSTILE);
  for (const path of [
    `/mismatches?component=${typed}&class=${typed}`, `/history?who=${typed}&component=${typed}`,
    `/components/http-auth?span=${typed}`, `/components/${typed}`, `/components/http-auth/move?to=${typed}&share=${typed}`,
    `/reports/now?scope=${typed}&period=${typed}`, `/reports/${typed}`, `/?done=${typed}`, `/history?before=${typed}`,
  ]) await isText(ada, path);
  for (const path of ["/history?component=token-operations", "/components/token-operations"]) {
    await ada.go(path);
    await ada.sees(`the note as text at ${path}`, (text) => text.includes(MARK));
  }
});

test("hostile-typed", "what somebody types comes back as text, with what is wrong with it", async (site) => {
  const ada = await site.person("ada");
  await ada.go("/explain");
  for (const field of await ada.page.locator("main input:visible, main textarea:visible").all()) await field.fill(HOSTILE);
  await ada.page.locator("main form button").first().click();
  await ada.sees("an answer", (text) => text.length > 0);
  await ada.isCalm("explaining");
  const somebody = await site.somebody();
  await somebody.go("/sign-in");
  await somebody.page.locator("#name").fill(HOSTILE.slice(0, 64));
  await somebody.page.locator("#password").fill(HOSTILE);
  await somebody.page.getByRole("button", { name: "Sign in" }).click();
  await somebody.sees("the complaint", (text) => text.includes("Sign in"));
  expect(await somebody.page.locator("#name").inputValue(), HOSTILE.slice(0, 64), "what was typed");
  await somebody.isCalm("a hostile name");
});
