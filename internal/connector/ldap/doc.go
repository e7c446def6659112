// Package ldap connects to LDAP directories: Source reads departments and users, Target keeps them in step.
//
// What goes in is a Config with everything in it, passwords too; what comes out are directory entries whose ID is the entryUUID.
// One server serves a whole run. A read is complete or an error: every base exists, every page ended with success, the last
// cookie is empty and no part of the tree was answered with a reference. Where a tree is searched, package wire does it; what is
// written goes through go-ldap.
package ldap
