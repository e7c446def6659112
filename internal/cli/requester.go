package cli

import (
	"context"

	authenticationv1 "k8s.io/api/authentication/v1"
)

// maxRequester is the longest name that the API takes.
const maxRequester = 256

// requester is the name by which the API server knows the person, which is the only one that a run may carry. It is empty where the server
// does not tell: a run may be asked for by nobody in particular.
func (c *cluster) requester(ctx context.Context) string {
	var review authenticationv1.SelfSubjectReview
	if err := c.Create(ctx, &review); err != nil || len([]rune(review.Status.UserInfo.Username)) > maxRequester {
		return ""
	}
	return review.Status.UserInfo.Username
}
