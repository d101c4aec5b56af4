/** Who a token stands for, and how to get one. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Engine } from './engine.js';
import { notFound } from './requests.js';

export function loginRoutes(app: FastifyInstance, engine: Engine, address: () => string): void {
  const identity = (): Record<string, unknown> => ({
    id: `${address()}/id/${engine.orgId}/${engine.userId}`,
    asserted_user: true,
    user_id: engine.userId,
    organization_id: engine.orgId,
    username: engine.username,
    preferred_username: engine.username,
    nick_name: 'admin',
    name: 'Org Admin',
    display_name: 'Org Admin',
    email: 'admin@localorg.example',
    active: true,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: 0,
    urls: {
      rest: `${address()}/services/data/v{version}/`,
      sobjects: `${address()}/services/data/v{version}/sobjects/`,
      query: `${address()}/services/data/v{version}/query/`,
    },
  });
  app.get('/services/oauth2/userinfo', () => ({ sub: identity()['id'], ...identity() }));
  app.get('/id/:org/:user', (request) => {
    const { org, user } = z.object({ org: z.string(), user: z.string() }).parse(request.params);
    if (org.slice(0, 15) !== engine.orgId.slice(0, 15) || user.slice(0, 15) !== engine.userId.slice(0, 15))
      throw notFound();
    return identity();
  });
  // Logging in for a token is another issue's work; until then an honest refusal, as an app that is not installed gets.
  app.post('/services/oauth2/token', { bodyLimit: 64 * 1024 }, (_request, reply) =>
    reply.code(400).send({ error: 'unsupported_grant_type', error_description: 'grant type not supported' }),
  );
}
