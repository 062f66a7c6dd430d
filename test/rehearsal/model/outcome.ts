/** How a response can end, and how the wire says so (RealtimeResponseStatus in npm's openai package). */

export type Outcome =
  | { readonly status: "completed" }
  | { readonly status: "cancelled"; readonly reason: "turn_detected" | "client_cancelled" }
  | { readonly status: "incomplete"; readonly reason: "max_output_tokens" | "content_filter" }
  | { readonly status: "failed"; readonly code: string; readonly message: string };

export function reasonOf(outcome: Outcome): string | undefined {
  if (outcome.status === "completed") return undefined;
  return outcome.status === "failed" ? outcome.code : outcome.reason;
}

export function detailsOf(outcome: Outcome): Record<string, unknown> | null {
  switch (outcome.status) {
    case "completed":
      return null;
    case "cancelled":
    case "incomplete":
      return { type: outcome.status, reason: outcome.reason };
    case "failed":
      return {
        type: "failed",
        error: { type: "server_error", code: outcome.code, message: outcome.message },
      };
    default:
      return outcome satisfies never;
  }
}
