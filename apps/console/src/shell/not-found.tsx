import { ButtonLink } from "../ui/button.tsx";
import { Page } from "../ui/page.tsx";

export function NotFound() {
  return (
    <Page title="No such page">
      <p>Nothing has this address. It may be mistyped, or of another version of the console.</p>
      <div>
        <ButtonLink href="/" variant="primary">
          Go to the overview
        </ButtonLink>
      </div>
    </Page>
  );
}
