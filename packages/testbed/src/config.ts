/** The folders where programs are looked for. */
export function searchPath(): string | undefined {
  return process.env["PATH"];
}
