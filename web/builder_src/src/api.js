// Requests to the server. `Lost` means that nobody answered: the same may be asked again.
export class Lost extends Error {}

export function makeApi(base) {
  const token = document.querySelector("meta[name=csrf-token]").content;

  // Return {status, data}; data is an object, or the text of a page.
  async function ask(path, { method = "GET", json, form, headers } = {}) {
    const given = { Accept: "application/json", "X-CSRF-Token": token, ...headers };
    if (json !== undefined) given["Content-Type"] = "application/json";
    let answer;
    try {
      answer = await fetch(base + path, { method, headers: given, body: json !== undefined ? JSON.stringify(json) : form, credentials: "same-origin" });
    } catch (error) {
      throw new Lost("Wayfare does not answer. Check the connection.", { cause: error });
    }
    if (answer.redirected && new URL(answer.url).pathname.startsWith("/login")) return { status: 401, data: { message: "You are signed out. Sign in again in another tab; nothing is lost here." } };
    try {
      const isJson = (answer.headers.get("Content-Type") || "").includes("json");
      return { status: answer.status, data: isJson ? await answer.json() : await answer.text() };
    } catch (error) {
      throw new Lost(error.message);
    }
  }

  return {
    get: (path) => ask(path),
    // Asking again and again by itself: a page that is left open is no activity of its reader.
    watch: (path) => ask(path, { headers: { "Wayfare-Live": "1" } }),
    // Tell something while the page goes away; nobody waits for an answer.
    bid(path, json) {
      const headers = { "X-CSRF-Token": token, "Content-Type": "application/json" };
      fetch(base + path, { method: "POST", keepalive: true, headers, body: JSON.stringify(json), credentials: "same-origin" }).catch(() => {});
    },
    post: (path, json) => ask(path, { method: "POST", json }),
    postForm: (path, form) => ask(path, { method: "POST", form: new URLSearchParams(form) }),
    page: (path) => ask(path, { headers: { Accept: "text/html", "HX-Request": "true" } }),
  };
}
