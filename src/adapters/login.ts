/** Who asks a registry for an image. Sent with the request through the Engine of a host, and kept nowhere there. */
export type Login =
  | { readonly username: string; readonly password: string }
  /** What `docker login` got from the registry in exchange for a password. */
  | { readonly identityToken: string };

/** Under which Docker keeps, and sends, the login of its own registry, `docker.io`. */
export const DOCKER_HUB = 'https://index.docker.io/v1/';

/** The login for a registry, as `host` or `host:port`; undefined: it is asked without one. */
export type Logins = (registry: string) => Promise<Login | undefined>;

export const noLogins: Logins = async () => undefined;
