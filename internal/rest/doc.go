// Package rest is the HTTP plumbing under the MLflow and the Prefect client: one place that decides how a call reaches
// a server, when it is sent again, and what is never sent.
//
// A [Client] is made once from a [Config] and is safe for concurrent use. [Client.Do] sends one [Request] and returns
// the server's [Response] whatever its status is: what a 404 means is the business of the client above. An error of
// type [*TransportError] says that no answer came at all.
//
// # What is repeated
//
// [Decide] is the one function that says whether an attempt is followed by another, and why. It needs to know
//
//   - whether the call may be repeated without harm ([Request.Repeat]),
//   - whether the attempt can have reached the server: before a connection exists it cannot,
//   - what the server answered: 429, and 503 with Retry-After, are refusals and may always be repeated; 408, 500, 502,
//     503 and 504 leave open whether the work was done, so only harmless calls are repeated.
//
// Waits grow exponentially with jitter ([Backoff]); Retry-After is obeyed in both of its forms. A wait that would
// outlast the context's deadline is not begun: the last answer is returned at once.
//
// # What is never sent
//
// A redirect to another host is an error, so neither credentials nor bodies leave the configured server. Credentials
// in the base URL are moved to the Authorization header, so that no error text can hold them.
//
// # Speed
//
// On Linux the transport acknowledges received segments at once (TCP_QUICKACK). A server whose socket has Nagle's
// algorithm on and writes an answer in two segments waits for the acknowledgement of the first one; the kernel delays
// it by 40 ms. MLflow with more than one worker is such a server.
package rest
