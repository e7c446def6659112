// Package directory holds what every directory has in common: entries (departments and users) with their fields,
// the schema that describes the fields, equality of values, and the tree of departments.
//
// It is data and pure functions. It knows no protocol, no task and no Kubernetes.
package directory
