// Package cli is the kubectl plugin: what a person types as "kubectl synccenter". It reads and writes the objects of the API with
// that person's own rights and shows them for people or as one document for programs.
//
// A command is a struct with Complete (what the arguments mean), Validate (what cannot work) and Run. The streams, the clock and the
// connection come from outside, so a test runs the commands as a person does.
package cli
