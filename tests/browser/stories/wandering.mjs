// An address of nothing.

import { check, expect, test } from "../registry.mjs";

test("nowhere", "an address of nothing says so to a browser, with the way back, and is a problem to a program", async (site) => {
  const ada = await site.person("ada");
  expect(await ada.go("/no-such-page"), 404, "the status");
  await ada.page.getByRole("link", { name: "To the overview" }).click();
  await ada.page.waitForURL((url) => url.pathname === "/");
  // The address of a form that was refused, opened once more.
  expect(await ada.go("/mismatches/accept"), 405, "the status");
  await ada.page.getByRole("link", { name: "To the page with the form" }).click();
  await ada.page.waitForURL((url) => url.pathname === "/mismatches");
  await ada.isCalm("wandering");
  const somebody = await site.somebody();
  expect(await somebody.go("/no-such-page"), 404, "the status");
  await somebody.page.getByRole("link", { name: "To the overview" }).click();
  await somebody.page.waitForURL((url) => url.pathname === "/sign-in");
  await somebody.isCalm("wandering about");
  const { status, headers, text } = await site.service.control("GET", "/no-such-page");
  expect([status, headers["content-type"]], [404, "application/problem+json"], "the answer to a program");
  check(JSON.parse(text).detail.includes("no such path"), text);
});
