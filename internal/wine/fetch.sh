#!/bin/sh
# Writes winequality-red.csv beside this script from the copy in the crate linfa-datasets 0.8.1 (crates.io), and checks it.
# Needs cargo, gunzip and sha256sum. The crate is used because a package registry is reachable where the UCI site is not;
# the pinned version and the checksum make the result the same everywhere.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cargo init --quiet --name winefetch --vcs none
cargo add --quiet linfa-datasets@=0.8.1
cargo vendor --quiet vendor >/dev/null
gunzip -c vendor/linfa-datasets/data/winequality-red.csv.gz >table.csv
echo "f5eb6b494f4f6431698dce8fb15c356d091c2a5dc13f823742dcc9709a327b4a  table.csv" | sha256sum -c -
mv table.csv "$here/winequality-red.csv"
