// Every page that is there to be looked at.

import { difference } from "./deeds.mjs";
import { check } from "./registry.mjs";

/** Pages of whoever is signed in. */
export const PAGES = [
  "/",
  "/components/http-auth",
  "/components/event-delivery",
  "/mismatches",
  "/golden-path",
  "/checks",
  "/sockets",
  "/authority",
  "/history",
  "/reports",
  "/explain",
  "/approvals",
  "/operators",
  "/tokens",
  "/settings",
  "/account",
  "/hold-all",
  "/to-legacy",
];

/** Pages of anybody. */
export const OPEN_PAGES = ["/sign-in", "/setup", "/act"];

/** Pages that say no, with their status, and of which page they are an answer. */
const REFUSING_PAGES = [
  ["/components/no-such-component", 404],
  ["/mismatches/http-auth/0", 404],
  ["/reports/no-such-report", 404],
  ["/no-such-page", 404],
  ["/mismatches/accept", 405],
  ["/components/http-auth/move?to=canary&share=lots", 422, "/components/http-auth"],
];

/** A page, the status it is to have, and the way there, which tells the status it has. Where it is
another one once more, `of` says which. */
const at = (path, status = 200) => ({ name: path, status, open: (person) => person.go(path) });

/** Every page of whoever is signed in, for one look at all of them. */
export async function signedPages(site) {
  const { component, fingerprint } = await difference(site, "socket-auth");
  const paths = [
    ...PAGES,
    `/mismatches/${component}/${fingerprint}`,
    "/components/http-auth/move?to=canary&share=10",
    "/components/socket-auth/move?to=live",
    await savedReport(site),
    "/reports/now?scope=all&period=1h",
    "/prove?next=/operators",
  ];
  return [
    ...paths.map((path) => at(path)),
    ...REFUSING_PAGES.map(([path, status, of]) => ({ ...at(path, status), of })),
    { name: "a flag that somebody else has changed", status: 409, open: (person) => staleFlag(site, person) },
    { name: "a plan that somebody else has changed", status: 409, open: (person) => stalePlan(site, person) },
    { name: "a token that is shown once", of: "/tokens", status: 200, open: (person) => madeToken(person) },
  ];
}

/** Every page of whoever is not. */
export const openPages = (site) => [
  ...OPEN_PAGES.map((path) => at(path)),
  { ...at("/sign-in?next=/operators"), of: "/sign-in" },
  { name: "choosing a password", status: 200, open: (person) => byLink(person, setupLink(site), "Choose a password") },
  { name: "what a link does", status: 200, open: (person) => byLink(person, actLink(site), "Hold http-auth") },
];

/** Presses a button and waits for the page that comes; its status. */
async function sent(person, button) {
  const isPage = (response) => response.request().isNavigationRequest() && response.status() !== 303;
  const [response] = await Promise.all([person.page.waitForResponse(isPage), button.click()]);
  await person.page.waitForLoadState("load");
  return response.status();
}

/** The path of a report that is kept. */
export async function savedReport(site) {
  const made = await site.service.control("POST", "/v1/reports", { body: { scope: "all", period: "1h" } });
  check(made.status === 201, `keeping a report: ${made.status} ${made.text}`);
  return `/reports/${JSON.parse(made.text).id}`;
}

/** Acts on a flag that has changed meanwhile. */
async function staleFlag(site, person) {
  const component = "http-auth-stale";
  await person.go(`/components/${component}/move?to=off`);
  const { deadline_ms } = await site.service.flag(component);
  await site.service.move(component, { deadline_ms: deadline_ms + 1, note: "somebody else" });
  await person.page.getByLabel("Why").fill("too late");
  return sent(person, person.page.getByRole("button", { name: /^Lower/ }));
}

/** Acts on a plan that has changed meanwhile. */
async function stalePlan(site, person) {
  const component = "http-auth-planned";
  await site.service.plan(component, 24);
  await person.go(`/components/${component}`);
  await site.service.plan(component, 48);
  await person.page.locator("summary", { hasText: "End the plan" }).click();
  await person.page.locator("#plan-abort-note").fill("too late");
  return sent(person, person.page.getByRole("button", { name: "End the plan" }));
}

let made = 0;

/** Makes a token, whose text the answer shows. */
async function madeToken(person) {
  await person.go("/tokens");
  made += 1;
  await person.page.getByLabel("Name").fill(`browser-${made}-${Date.now()}`);
  await person.page.getByLabel("read", { exact: false }).first().check();
  return sent(person, person.page.getByRole("button", { name: "Make token" }));
}

/** Opens a link, whose code a script hands to the form that says what it does. */
async function byLink(person, link, heading) {
  const isLook = (response) => response.request().method() === "POST";
  const [response] = await Promise.all([person.page.waitForResponse(isLook), person.page.goto(await link)]);
  await person.page.getByRole("heading", { name: heading }).waitFor();
  return response.status();
}

async function setupLink(site) {
  made += 1;
  const body = { name: `wanda-${made}-${Date.now()}`, role: "viewer" };
  return JSON.parse((await site.service.control("POST", "/v1/operators", { body })).text).url;
}

async function actLink(site) {
  const body = { action: { do: "hold", component: "http-auth" } };
  return JSON.parse((await site.service.control("POST", "/v1/links", { body })).text).url;
}
