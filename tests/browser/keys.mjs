// The keyboard: from stop to stop, and whether one sees where one is.

import { check } from "./registry.mjs";

/** Most stops of a page. */
export const TABS_MAX = 400;

/** Put into the page: why one would not see that the focus is on `target`; empty where one does. */
export const UNSEEN = `(target) => {
  const style = getComputedStyle(target);
  const named = target.outerHTML.slice(0, 160);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  if (!ring && style.boxShadow === "none") return "no ring around " + named;
  const box = [...target.getClientRects()].find(({ width, height }) => width > 0 && height > 0);
  if (!box) return "no place of its own: " + named;
  const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
  const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
  if (left >= right || top >= bottom) return "out of sight: " + named;
  if (style.pointerEvents === "none") return "";
  const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const own = there && (target.contains(there) || there.contains(target));
  return own ? "" : "covered by " + (there?.outerHTML.slice(0, 80) ?? "nothing") + ": " + named;
}`;

/** Fails where the focus is on something and does not show. */
async function isSeen(person, about) {
  const fault = await person.page.evaluate(`document.activeElement === document.body ? "" : (${UNSEEN})(document.activeElement)`);
  check(fault === "", `on the way to ${about} at ${person.page.url()}: ${fault}`);
}

/** Goes on by Tab until the focus is where it is wanted, and sees it at every stop. */
export async function tabTo(person, about, selector) {
  for (let at = 0; at < TABS_MAX; at += 1) {
    await isSeen(person, about);
    const there = await person.page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
    if (there) return;
    await person.page.keyboard.press("Tab");
  }
  throw new Error(`${about} is not reached by Tab at ${person.page.url()}`);
}

/** Types into a field; what stood there was chosen by coming in. */
export async function typeInto(person, about, selector, text) {
  await tabTo(person, about, selector);
  await person.page.keyboard.type(text);
}

/** Presses a key and arrives at another page: at a path, or at an address that fits. */
export async function press(person, key, where) {
  const fits = typeof where === "string" ? (url) => url.pathname === where : where;
  await Promise.all([person.page.waitForURL(fits), person.page.keyboard.press(key)]);
}

/** Goes through a list of choices by the arrows until one is chosen. */
export async function choose(person, about, selector, value) {
  await tabTo(person, about, selector);
  const chosen = () => person.page.locator(selector).inputValue();
  await person.page.keyboard.press("Home");
  for (let at = 0; at < 100 && (await chosen()) !== value; at += 1) await person.page.keyboard.press("ArrowDown");
  check((await chosen()) === value, `${about} cannot be chosen by the arrows at ${person.page.url()}`);
}
