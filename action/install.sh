#!/usr/bin/env bash
# Installs a release of greenlight for the job, after its checksum was verified. For bash 3.2, which macOS has.
set -euo pipefail

fail() {
  printf '::error title=greenlight::%s\n' "$*"
  exit 2
}

case "${RUNNER_OS:-}" in
  Linux) os=linux ;;
  macOS) os=darwin ;;
  Windows) os=windows ;;
  *) fail "no greenlight is released for the runner's system, ${RUNNER_OS:-unknown}: Linux, macOS and Windows have one" ;;
esac
case "${RUNNER_ARCH:-}" in
  X64) arch=amd64 ;;
  ARM64) arch=arm64 ;;
  *) fail "no greenlight is released for the runner's processor, ${RUNNER_ARCH:-unknown}: X64 and ARM64 have one" ;;
esac

# The tag by which the action is used is a release's, unless it is a branch, a commit or a short form such as v1.
release='^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$'
version=${GREENLIGHT_ACTION_VERSION:-}
if [ -z "$version" ]; then
  version=latest
  [[ ! ${GREENLIGHT_ACTION_REF:-} =~ $release ]] || version=$GREENLIGHT_ACTION_REF
fi
if [ "$version" = latest ]; then
  from=latest/download
elif [[ $version =~ $release ]]; then
  version=v${version#v}
  from=download/$version
else
  fail "the input version is \"$version\": write a release, such as 1.2.3, or latest"
fi

folder=$RUNNER_TEMP/greenlight-$version
if [ ! -d "$folder" ]; then
  archive=greenlight_${os}_$arch.tar.gz
  [ "$os" != windows ] || archive=greenlight_${os}_$arch.zip
  work=$(mktemp -d "$RUNNER_TEMP/greenlight-install.XXXXXX")
  for file in "$archive" checksums.txt; do
    curl --fail --silent --show-error --location --retry 3 --proto '=https,file' --output "$work/$file" \
      "${GREENLIGHT_ACTION_DOWNLOAD_URL%/}/$from/$file" || fail "downloading $file of greenlight $version from $GREENLIGHT_ACTION_DOWNLOAD_URL failed"
  done
  wanted=$(awk -v file="$archive" '$2 == file { print $1 }' "$work/checksums.txt")
  [[ $wanted =~ ^[0-9a-f]{64}$ ]] || fail "checksums.txt of greenlight $version has no checksum for $archive"
  if command -v sha256sum >/dev/null; then
    got=$(sha256sum <"$work/$archive")
  else
    got=$(shasum -a 256 <"$work/$archive")
  fi
  got=${got%% *}
  [ "$got" = "$wanted" ] || fail "$archive of greenlight $version has the checksum $got, and checksums.txt says $wanted: it isn't used"
  mkdir "$work/unpacked"
  if [ "$os" = windows ]; then
    unzip -q "$work/$archive" -d "$work/unpacked"
  else
    tar -xzf "$work/$archive" -C "$work/unpacked"
  fi
  mv "$work/unpacked" "$folder"
fi
printf '%s\n' "$folder" >>"$GITHUB_PATH"
"$folder/greenlight" version
