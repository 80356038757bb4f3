// Coming in and going out.

import { check, expect, test } from "../registry.mjs";
import { PASSWORD } from "../service.mjs";

test("sign-in", "an operator signs in, and is told of a wrong password without a word more", async (site) => {
  const person = await site.somebody();
  expect(await person.go("/"), 200, "whoever is not signed in is asked to");
  check(person.page.url().includes("/sign-in"), `he is at ${person.page.url()}`);
  await person.page.getByLabel("Name", { exact: true }).fill("ada");
  await person.page.getByLabel("Password").fill("not the right words");
  await person.page.getByRole("button", { name: "Sign in" }).click();
  await person.sees("the complaint", (text) => /wrong|not right|do not fit|does not/i.test(text));
  await person.page.getByLabel("Password").fill(PASSWORD);
  await person.page.getByRole("button", { name: "Sign in" }).click();
  await person.page.waitForURL((url) => url.pathname === "/");
  await person.isCalm("signing in");
});

test("sign-out", "signing out ends the session on the service's side, too", async (site) => {
  const person = await site.somebody();
  await person.signIn("vera");
  const cookies = await person.cookies();
  await person.page.getByRole("button", { name: "Sign out" }).first().click();
  await person.page.waitForURL((url) => url.pathname === "/sign-in");
  const again = await site.somebody({ cookies });
  await again.go("/");
  check(again.page.url().includes("/sign-in"), "the old cookie opens nothing");
  await person.isCalm("signing out");
});
