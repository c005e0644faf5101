import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

// Plays the API, a worker or the simulator for the tests of `up`: only what the supervisor talks to.
const environment = process.env;
const role = process.argv.includes("--tls-port")
  ? "simulator"
  : environment["POMBO_PORT"] === undefined
    ? "worker"
    : "api";

process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => process.exit(0));
process.on("disconnect", () => process.exit(0));

if (environment["TROUPE_FAILS"] === role) throw new Error(`the ${role} has stage fright`);
if (role === "simulator") playSimulator(process.argv[3] ?? "");
else if (role === "api") playApi(environment["POMBO_PORT"] ?? "");
else playWorker();

function playWorker(): void {
  const { POMBO_WHATSAPP_URL: url, POMBO_WHATSAPP_ROOT_KEY: key } = environment;
  process.stdout.write(`speaks to ${url ?? ""} trusting ${key ?? ""}\n`);
  process.send?.({ kind: "ready", pid: process.pid });
}

function playSimulator(port: string): void {
  createServer((_request, response) => answer(response, 200, {})).listen(
    Number(port),
    "127.0.0.1",
    () => {
      const at = `127.0.0.1:${port}`;
      const urls = { simulator_url: `ws://${at}`, control_url: `http://${at}` };
      process.send?.({ kind: "ready", ...urls, root_key: "a2V5", ca: "pem", pid: process.pid });
    },
  );
}

/** A device that needs a connect for its QR code, and is connected when that was asked for twice. */
function playApi(port: string): void {
  let connects = 0;
  let looks = 0;
  const device = { device_id: "dev_0123456789abcdef" };
  const server = createServer((request: IncomingMessage, response) => {
    const { method = "", url = "" } = request;
    const path = url.replace("/dev_0123456789abcdef", "/:id");
    if (method === "POST" && path === "/v1/devices") return answer(response, 201, device);
    if (method === "POST") connects += 1;
    if (path.endsWith("/qr"))
      return answer(response, connects > 0 ? 200 : 503, connects > 0 ? { qr: "2@x" } : {});
    looks += connects;
    return answer(response, 200, { ...device, state: looks > 1 ? "connected" : "pairing" });
  });
  server.listen(Number(port), "127.0.0.1", () => {
    process.send?.({ kind: "ready", url: `http://127.0.0.1:${port}`, pid: process.pid });
  });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify(body));
}
