import { Page } from "../../ui/page.tsx";

export function PairPage() {
  return <Page title="Pair a device">{undefined}</Page>;
}
