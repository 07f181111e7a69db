// Client generated from the OpenAPI document: it must compile in strict mode, and its calls must succeed.
import createClient from "openapi-fetch";
import type { components, paths } from "./bookly.js";

type Book = components["schemas"]["Book"];
type Problem = components["schemas"]["Problem"];
type Code = components["schemas"]["Code"];
type Media = "application/json" | "application/problem+json";
type Sparse = "application/vnd.bookly.sparse+json" | "application/problem+json";
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const [, , baseUrl, login, password] = process.argv;
if (!baseUrl || !login || !password) throw new Error("usage: client URL LOGIN PASSWORD");
const anyone = createClient<paths, Media>({ baseUrl });

const tokens = await anyone.POST("/api/v1/auth/login", { body: { login, password } });
if (tokens.error) throw new Error(`${tokens.error.code}: ${tokens.error.detail}`);
const authorization = `Bearer ${tokens.data.access_token}`;
const me = createClient<paths, Media>({ baseUrl, headers: { authorization } });

const added = await me.POST("/api/v1/books", {
  body: { title: "Dune", author: "Frank Herbert", price: { amount: 1099, currency: "EUR" } },
});
if (added.error) throw new Error(added.error.detail);
const dune: Book = added.data;

const page = await anyone.GET("/api/v1/books", {
  params: { query: { author: "Frank Herbert", sort: "-created_at", limit: 5 } },
});
if (page.data?.items[0]?.id !== dune.id) throw new Error("the new book is not first");
const next: string | null = page.data.next_cursor;
if (next === undefined) throw new Error("next_cursor is missing");

const path = { id: dune.id };
const changed = await me.PATCH("/api/v1/books/{id}", { params: { path }, body: { price: null } });
if (changed.data?.price !== null || changed.data.title !== "Dune") throw new Error("only the price must be cleared");

// @ts-expect-error the compiler rejects the same input as the server
const refused = await me.PATCH("/api/v1/books/{id}", { params: { path }, body: { page_count: "412" } });
if (refused.error?.code !== "invalid_input") throw new Error("a text was accepted as a number");

// Every code has exactly one problem type.
const everyCodeIsAProblem: Same<Problem["code"], Code> = true;
const nextIsNullable: Same<NonNullable<typeof page.data>["next_cursor"], string | null> = true;
const first: Book = page.data.items[0];
if (!everyCodeIsAProblem || !nextIsNullable || first.subtitle !== null) throw new Error("the types are wrong");

const taken = await anyone.POST("/api/v1/auth/signup", {
  body: { username: login, email: "another@example.com", password: "violet anchor tundra another" },
});
switch (taken.error?.code) {
  case "username_taken":
    const conflict: 409 = taken.error.status;
    if (taken.response.status !== conflict) throw new Error("the problem has another status than the response");
    break;
  // @ts-expect-error this operation does not create books
  case "isbn_taken":
  default:
    throw new Error("two accounts have the same name");
}
const absent = await anyone.GET("/api/v1/books", { params: { query: { limit: 0 } } });
if (absent.error?.code !== "invalid_input" || absent.error.errors[0]?.pointer !== "/limit") throw new Error("limit=0 was accepted");

const lean = createClient<paths, Sparse>({ baseUrl });
const sparse = await lean.GET("/api/v1/books/{id}", { params: { path, query: { fields: ["id", "title"] } } });
const maybe: Same<NonNullable<typeof sparse.data>["author"], string | undefined> = true;
if (!maybe || JSON.stringify(sparse.data) !== JSON.stringify({ id: dune.id, title: "Dune" })) throw new Error("not sparse");
// @ts-expect-error no book has an owner_id
await lean.GET("/api/v1/books", { params: { query: { fields: ["owner_id"] } } });

const head = await anyone.HEAD("/api/v1/books/{id}", { params: { path } });
const tag = head.response.headers.get("etag");
if (!tag) throw new Error("a book without an ETag");
const again = await anyone.GET("/api/v1/books/{id}", { params: { path, header: { "If-None-Match": tag } } });
if (again.response.status !== 304) throw new Error("an unchanged book was sent again");

const gone = await me.DELETE("/api/v1/books/{id}", { params: { path } });
if (gone.response.status !== 204) throw new Error("the book was not deleted");
console.log("the generated client signed in, and added, found, changed, looked at and deleted a book");
