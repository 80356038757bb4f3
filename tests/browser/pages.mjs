// Every page that is there to be looked at.

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

/** Pages that say no, with their status. */
export const REFUSING_PAGES = [
  ["/components/no-such-component", 404],
];
