import { Page } from "../../ui/page.tsx";

export function BatchPage() {
  return <Page title="Batch">{undefined}</Page>;
}
