"""What CloudFormation and IAM take at most."""

from __future__ import annotations

# Bytes of a template in the request itself
# (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
INLINE_TEMPLATE = 51_200
