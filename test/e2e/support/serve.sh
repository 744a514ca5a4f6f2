#!/bin/sh
# Starts the OpenCode under test as Baton would, and writes its password down for the tests.
printf %s "$OPENCODE_SERVER_PASSWORD" > "$HOME/password-$$"
exec "$(dirname "$0")/../../../node_modules/opencode-ai/bin/opencode.exe" "$@"
