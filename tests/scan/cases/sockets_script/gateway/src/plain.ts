export class Plain {
  name = 'plain';
}
