/**
 * A client of the stand-in that says anything, also what no library would send: fetch, by its proxy and its certificate.
 */
import type { TwilioApi } from "../../rehearsal/twilio-api/api.ts";

export type Said = { readonly status: number; readonly body: unknown };

export function clientOf(api: TwilioApi, accountSid: string, authToken: string) {
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  const ask = async (
    method: string,
    host: string,
    path: string,
    body?: URLSearchParams | FormData,
  ): Promise<Said> => {
    const response = await fetch(`https://${host}${path}`, {
      method,
      headers: { authorization },
      proxy: api.proxyUrl,
      tls: { ca: await Bun.file(api.caFile).text() },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  return {
    get: (host: string, path: string) => ask("GET", host, path),
    delete: (host: string, path: string) => ask("DELETE", host, path),
    post: (host: string, path: string, form: Readonly<Record<string, string>>) =>
      ask("POST", host, path, new URLSearchParams(form)),
    upload: (path: string, given: Readonly<Record<string, string>>, content: string) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(given)) form.append(name, value);
      form.append("Content", new Blob([content]), "content");
      return ask("POST", "serverless-upload.twilio.com", path, form);
    },
  };
}
