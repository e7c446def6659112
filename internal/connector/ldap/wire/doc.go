// Package wire is a small LDAP client that reads: it connects, binds, and streams the entries of a search one by one.
//
// It exists because a directory of 100,000 people takes seconds and gigabytes of garbage when every entry becomes a tree of
// packets first. Requests are built with the BER library of go-ldap; only search results are decoded here. What it does not do,
// writing above all, is go-ldap's work on a connection taken over by Detach.
//
// Results that report a failure are *ldap.Error of go-ldap.
package wire
