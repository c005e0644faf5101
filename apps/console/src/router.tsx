import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  type RouteComponent,
} from "@tanstack/react-router";
import { loadSession } from "./api/session.ts";
import { CannotStart } from "./shell/cannot-start.tsx";
import { Frame } from "./shell/frame.tsx";
import { NotFound } from "./shell/not-found.tsx";
import { parseSearch, type SearchTexts, writeSearch } from "./shell/search-params.ts";
import { SignInPage } from "./shell/sign-in-page.tsx";

const root = createRootRoute({
  // Pages read theirs by `useSearchState`.
  validateSearch: (search: SearchTexts): SearchTexts => search,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  component: SignInPage,
});

/** All pages that need a session. */
const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  component: Frame,
  errorComponent: CannotStart,
  beforeLoad: async ({ location }) => {
    if ((await loadSession()) !== undefined) return;
    const { pathname, searchStr, hash } = location;
    // The router's way to go elsewhere.
    // oxlint-disable-next-line typescript/only-throw-error
    throw redirect({ to: "/sign-in", search: { next: pathname + searchStr }, hash });
  },
});

const page = <Path extends string>(path: Path, component: RouteComponent) =>
  createRoute({ getParentRoute: () => frame, path, component });

const pages = [
  page("/$", NotFound),
  page(
    "/",
    lazyRouteComponent(() => import("./pages/overview/overview-page.tsx"), "OverviewPage"),
  ),
  page(
    "/devices",
    lazyRouteComponent(() => import("./pages/devices/devices-page.tsx"), "DevicesPage"),
  ),
  page(
    "/devices/$id",
    lazyRouteComponent(() => import("./pages/devices/device-page.tsx"), "DevicePage"),
  ),
  page(
    "/devices/$id/pair",
    lazyRouteComponent(() => import("./pages/devices/pair-page.tsx"), "PairPage"),
  ),
  page(
    "/pools",
    lazyRouteComponent(() => import("./pages/pools/pools-page.tsx"), "PoolsPage"),
  ),
  page(
    "/messages",
    lazyRouteComponent(() => import("./pages/messages/messages-page.tsx"), "MessagesPage"),
  ),
  page(
    "/messages/$id",
    lazyRouteComponent(() => import("./pages/messages/message-page.tsx"), "MessagePage"),
  ),
  page(
    "/batches",
    lazyRouteComponent(() => import("./pages/batches/batches-page.tsx"), "BatchesPage"),
  ),
  page(
    "/batches/new",
    lazyRouteComponent(() => import("./pages/batches/new-batch-page.tsx"), "NewBatchPage"),
  ),
  page(
    "/batches/$id",
    lazyRouteComponent(() => import("./pages/batches/batch-page.tsx"), "BatchPage"),
  ),
  page(
    "/dead-letters",
    lazyRouteComponent(
      () => import("./pages/dead-letters/dead-letters-page.tsx"),
      "DeadLettersPage",
    ),
  ),
  page(
    "/operations/$id",
    lazyRouteComponent(() => import("./pages/dead-letters/operation-page.tsx"), "OperationPage"),
  ),
  page(
    "/webhooks",
    lazyRouteComponent(() => import("./pages/webhooks/webhooks-page.tsx"), "WebhooksPage"),
  ),
  page(
    "/keys",
    lazyRouteComponent(() => import("./pages/keys/keys-page.tsx"), "KeysPage"),
  ),
  page(
    "/suppressions",
    lazyRouteComponent(
      () => import("./pages/suppressions/suppressions-page.tsx"),
      "SuppressionsPage",
    ),
  ),
  page(
    "/sandbox",
    lazyRouteComponent(() => import("./pages/sandbox/sandbox-page.tsx"), "SandboxPage"),
  ),
];

export const router = createRouter({
  basepath: "/console",
  routeTree: root.addChildren([signIn, frame.addChildren(pages)]),
  parseSearch,
  stringifySearch: writeSearch,
  defaultPendingMs: 150,
  scrollRestoration: true,
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
