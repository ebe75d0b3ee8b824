/** The token that `quickConfiguration` asks for, to be put into the environment as HALDANE_TOKEN. */
export const quickToken = "a-token-for-the-tests";

/** A configuration under which a live comparison is decided within seconds: every service report-only, errors alone guarded. */
export const quickConfiguration = `apiVersion: haldane/v1
kind: Configuration
listen: { token: { env: HALDANE_TOKEN } }
bindings: [{ service: "*", policy: quick }]
---
apiVersion: haldane/v1
kind: Policy
name: quick
settle: 1s
warmUp: 0s
latency: { guarded: false }
noData: { grace: 10s }
`;
