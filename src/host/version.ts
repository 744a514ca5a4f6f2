/** The versions of OpenCode that Baton works with (contract C2). */
export const SUPPORTED_VERSIONS = ">=1.18.18 <2"
