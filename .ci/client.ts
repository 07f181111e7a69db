// A client made from the OpenAPI document: it has to compile as strictly as can be, and to do what it says.
import createClient from "openapi-fetch";
import type { components, paths } from "./bookly.js";

type Book = components["schemas"]["Book"];

const [, , baseUrl, login, password] = process.argv;
if (!baseUrl || !login || !password) throw new Error("usage: client URL LOGIN PASSWORD");
const anyone = createClient<paths>({ baseUrl });

const tokens = await anyone.POST("/api/v1/auth/login", { body: { login, password } });
if (tokens.error) throw new Error(`${tokens.error.code}: ${tokens.error.detail}`);
const authorization = `Bearer ${tokens.data.access_token}`;
const me = createClient<paths>({ baseUrl, headers: { authorization } });

const added = await me.POST("/api/v1/books", {
  body: { title: "Dune", author: "Frank Herbert", price: { amount: 1099, currency: "EUR" } },
});
if (added.error) throw new Error(added.error.detail);
const dune: Book = added.data;

const page = await anyone.GET("/api/v1/books", {
  params: { query: { author: "Frank Herbert", sort: "-created_at", limit: 5 } },
});
if (page.data?.items[0]?.id !== dune.id) throw new Error("the new book is not the first");
const next: string | null = page.data.next_cursor;
if (next === undefined) throw new Error("a page says whether it is the last");

const path = { id: dune.id };
const changed = await me.PATCH("/api/v1/books/{id}", { params: { path }, body: { price: null } });
if (changed.data?.price !== null || changed.data.title !== "Dune") throw new Error("the price alone goes");

// @ts-expect-error the compiler refuses what the server does
const refused = await me.PATCH("/api/v1/books/{id}", { params: { path }, body: { page_count: "412" } });
if (refused.error?.code !== "invalid_input") throw new Error("a text was taken for a number");

const gone = await me.DELETE("/api/v1/books/{id}", { params: { path } });
if (gone.response.status !== 204) throw new Error("the book stays");
console.log("the generated client signed in, and added, found, changed and deleted a book");
