import { describe, expect, it } from "vitest";
import { OperationNames } from "#engine/operation.ts";
import { outcomeOf } from "#engine/outcome.ts";
import { BoundedInterner } from "#model/interner.ts";
import { slotsOf, type SlotValues } from "#test/support/views.ts";

const interner = new BoundedInterner();
const outcome = (values: SlotValues, failed = false): string =>
  outcomeOf(slotsOf(interner, values), interner, failed);
const names = new OperationNames(interner);
const name = (values: SlotValues, span = "handler"): string =>
  names.nameOf(names.of(slotsOf(interner, values), interner.fromString(span)));

describe("outcome", () => {
  it("5xx is an error whatever the status says, 4xx never is", () => {
    expect(outcome({ "http.response.status_code": 503 })).toBe("error");
    expect(outcome({ "http.status_code": 404 }, true)).toBe("clientError");
    expect(outcome({ "http.response.status_code": "429" })).toBe("clientError");
    expect(outcome({ "http.response.status_code": 200 })).toBe("fine");
  });
  it("RPC codes that are the server's fault are errors, as a number or a word", () => {
    for (const code of [2, 4, 12, 13, 14, 15])
      expect(outcome({ "rpc.grpc.status_code": code })).toBe("error");
    for (const code of [1, 3, 5, 7, 16])
      expect(outcome({ "rpc.grpc.status_code": code })).toBe("clientError");
    expect(outcome({ "rpc.grpc.status_code": 0 })).toBe("fine");
    expect(outcome({ "rpc.response.status_code": "UNAVAILABLE" })).toBe("error");
    expect(outcome({ "rpc.response.status_code": "not_found" })).toBe("clientError");
    expect(outcome({ "rpc.response.status_code": "OK" })).toBe("fine");
  });
  it("without any code the record's own word counts", () => {
    expect(outcome({}, true)).toBe("error");
    expect(outcome({ "error.type": "404" }, true)).toBe("clientError");
    expect(outcome({ "error.type": "java.io.IOException" }, true)).toBe("error");
    expect(outcome({})).toBe("fine");
  });
});

describe("operations", () => {
  it("are named by route, RPC method or destination, old attribute names included", () => {
    expect(name({ "http.request.method": "POST", "http.route": "/pay" })).toBe("POST /pay");
    expect(name({ "http.method": "get", "http.route": "/pay" })).toBe("GET /pay");
    expect(name({ "rpc.system": "grpc", "rpc.service": "cart.Cart", "rpc.method": "Add" })).toBe(
      "cart.Cart/Add",
    );
    expect(name({ "rpc.method": "cart.Cart/Add" })).toBe("cart.Cart/Add");
    expect(name({ "messaging.operation.type": "process", "messaging.destination.name": "orders" })).toBe(
      "process orders",
    );
    expect(name({})).toBe("handler");
  });
  it("a raw path is never a name", () => {
    const raw = { "http.request.method": "GET", "url.path": "/users/77" } as const;
    expect(name(raw, "GET /users/77")).toBe("GET");
    expect(name(raw, "GET users")).toBe("GET users");
  });
  it("keep their meaning when the table of strings was emptied", () => {
    const before = name({ "http.request.method": "PUT", "http.route": "/a" });
    interner.reset();
    interner.fromString("something else");
    expect(name({ "http.request.method": "DELETE", "http.route": "/b" })).toBe("DELETE /b");
    expect(before).toBe("PUT /a");
  });
});
