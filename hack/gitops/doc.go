// Package gitops tries what config/gitops gives to GitOps tools: the health scripts for Argo CD in the interpreter that Argo CD has, the
// expressions for Flux in Flux's own evaluator, kstatus, the kustomization of a run per change, and what Flux's own library does on a real API
// server with what people add. It holds tests alone.
package gitops
