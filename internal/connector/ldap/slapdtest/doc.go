// Package slapdtest starts real OpenLDAP servers (Debian's slapd) for tests: on a free port of 127.0.0.1, in a folder of their
// own, as an unprivileged user, with certificates made for the occasion. Proxy stands before a server and breaks connections.
//
// Start serves one test. A package that starts one server for all its tests calls New in TestMain and gives each test a Tree.
package slapdtest
