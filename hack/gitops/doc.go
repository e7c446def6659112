// Package gitops tries what config/gitops gives to GitOps tools: the health scripts for Argo CD in the interpreter that Argo CD has, the
// expressions for Flux in Flux's own evaluator, kstatus, and the kustomization of a run per change. It holds tests alone.
package gitops
