#!/usr/bin/env bash
# Writes libs/api/envoy/descriptors from the Go module that publishes Envoy's API. Needs Go 1.26; users of Weft do not.
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath ../../libs/api/envoy)/descriptors
version=$(sed -n 's|.*go-control-plane/envoy v||p' go.mod | tr -d ' ')
go mod download github.com/envoyproxy/go-control-plane/envoy
module=$(go list -m -f '{{.Dir}}' github.com/envoyproxy/go-control-plane/envoy)
{
  echo "package main"
  echo
  echo "import ("
  (cd "$module" && grep -rl --include='*.pb.go' '' . | xargs -n1 dirname | sort -u | sed 's|^\./||') |
    sed 's|.*|	_ "github.com/envoyproxy/go-control-plane/envoy/&"|'
  for service in trace metrics logs; do
    echo "	_ \"go.opentelemetry.io/proto/otlp/collector/$service/v1\""
  done
  echo ")"
} > imports.go
go mod tidy
mkdir -p "$out"
go run . "$out/envoy-$version.binpb"
cp "$module/LICENSE" "$out/LICENSE"
chmod 644 "$out/LICENSE"
cat > "$out/ORIGIN" <<TEXT
envoy-$version.binpb: google.protobuf.FileDescriptorSet of Envoy $version's API and all it imports.
Made by tools/gen-api/generate.sh from the Go module github.com/envoyproxy/go-control-plane/envoy v$version
(commit $(cat "$module/COMMIT") of envoyproxy/envoy), go.opentelemetry.io/proto/otlp, and what they import.
Licence: Apache-2.0, see LICENSE.
TEXT
(cd "$out" && sha256sum "envoy-$version.binpb" > SHA256SUMS)
rm imports.go
