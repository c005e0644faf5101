export interface Scene {
  readonly apiUrl: string;
  readonly adminKeyFile: string;
  readonly device: { readonly device_id: string; readonly phone: string } | undefined;
  readonly controlUrl: string | null;
  readonly logs: string;
}

const RECIPIENT = "5511900000002";

/** What a person sees when everything runs: where it is, and commands to paste. */
export function welcome(scene: Scene): string {
  const { apiUrl, device, controlUrl } = scene;
  const auth = `-H "Authorization: Bearer $(cat ${quoted(scene.adminKeyFile)})"`;
  const head = [
    "",
    `Pombo is running: ${apiUrl}`,
    `Console: ${apiUrl}/console    (sign in with the API key)`,
    `API key: ${scene.adminKeyFile}    logs: ${scene.logs}`,
    "",
  ];
  const last = ["", "Ctrl-C ends all of it."];
  if (device === undefined) return [...head, ...pairing(apiUrl, auth), ...last].join("\n");
  const body = JSON.stringify({
    from: device.device_id,
    to: `+${RECIPIENT}`,
    text: "Hello, Pombo!",
  });
  const lines = [
    "Send a text from the sandbox device:",
    `  curl -sS ${apiUrl}/v1/messages ${auth} -H "Content-Type: application/json" -d '${body}'`,
    "Follow it, with the message_id of the answer:",
    `  curl -sS "${apiUrl}/v1/messages/MESSAGE_ID?wait=5" ${auth}`,
    "See what the phone got:",
    `  curl -sS ${controlUrl ?? ""}/admin/phones/${RECIPIENT}/messages`,
  ];
  return [...head, ...lines, ...last].join("\n");
}

function pairing(apiUrl: string, auth: string): string[] {
  const json = `-H "Content-Type: application/json"`;
  return [
    "Create a device, then connect it and scan its QR code with a phone:",
    `  curl -sS ${apiUrl}/v1/devices ${auth} ${json} -d '{"name":"my phone"}'`,
    `  curl -sS -X POST ${apiUrl}/v1/devices/DEVICE_ID/connect ${auth}`,
    `  curl -sS ${apiUrl}/v1/devices/DEVICE_ID/qr ${auth} -H "Accept: text/plain"`,
  ];
}

/** For a POSIX shell, inside double quotes' command substitution. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
