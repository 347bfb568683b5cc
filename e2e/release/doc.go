// Package release proves what a release brings on the programs that it is for: completions in real shells, on a terminal; the manual
// page under mandoc and groff; the images as buildah makes them of their Dockerfiles, in the place of a base image that can't be
// pulled everywhere one with the same files.
//
// Its tests are built with the tag release, and are for Linux. GREENLIGHT names a binary for the terminal and FUNCTION_ZIP the function's zip, for
// this machine's processor; ZSH, FISH, MANDOC, GROFF and BUILDAH name the programs. `.ci/release-checks` installs and sets all of it.
package release
