/** What the sample would show its user. */
export interface Shown {
  readonly said: string[];
  readonly prompted: boolean;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly error: { readonly code: string; readonly message: string };
}

/** The sample of the published text, word for word where it handles the answer; only what it leaves open is filled in. */
export async function runSample(api: string, init: RequestInit): Promise<Shown> {
  const said: string[] = [];
  let prompted = false;
  const console = { error: (line: string) => void said.push(line) };

  const response = await fetch(`${api}/api/v1/messages/text`, init);
  const data = (await response.json()) as Answer;

  if (!response.ok) {
    console.error(`Error ${data.error.code}: ${data.error.message}`);
    // Handle specific error codes
    if (data.error.code === "SESSION_NOT_CONNECTED") {
      // Prompt user to connect their session
      prompted = true;
    }
  }
  return { said, prompted, data: data as unknown as Shown["data"] };
}
