import { Page } from "../../ui/page.tsx";

export function BatchesPage() {
  return <Page title="Batches">{undefined}</Page>;
}
