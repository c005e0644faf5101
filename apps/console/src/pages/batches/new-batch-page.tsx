import { Page } from "../../ui/page.tsx";

export function NewBatchPage() {
  return <Page title="New batch">{undefined}</Page>;
}
