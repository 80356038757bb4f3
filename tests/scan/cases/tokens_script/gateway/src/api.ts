export const api = {
  get: async (path: string) => ({ valid: path.length > 0 }),
  post: async (path: string, body: unknown) => ({ valid: path.length > 0 && !!body }),
  check: (form: unknown) => !!form,
};
